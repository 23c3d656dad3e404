"""Builds the cluster's programs from their Go modules, into a cache keyed by version.

No registry of Python or Debian packages carries a kube-apiserver, and binaries from elsewhere
would have to be trusted; the modules are pinned by the go.sum beside each go.mod.

What several tools need, they need in one version: Kubernetes' client is then compiled once for all
of them, which is a third of a first start.

A binary's directory is named by the module's version and by a hash of everything that decides its
content (go.mod, go.sum, own sources, build flags), so a change of either is a new directory.
"""

import hashlib
import platform
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from consortium_sandbox import shell
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.locks import locked
from consortium_sandbox.paths import cache_root
from consortium_sandbox.progress import Progress, Silent


class GoMissingError(SandboxError):
    """A program has to be built and there is no Go to do it."""


MODULES_DIRECTORY = Path(__file__).resolve().parent / "tools"


@dataclass(frozen=True)
class GoModule:
    """One directory of tools/: a go.mod that pins `requirement` and, through go.sum, all below.

    `packages` are the commands built from it; `requirement` is empty where the source is ours;
    `root` is the directory above it, where that is not our own tools/; `system` is the one that
    they run on, where that is not always this machine's.
    """

    name: str
    requirement: str
    packages: tuple[str, ...]
    flags: tuple[str, ...] = ()
    hint: str = ""
    root: Path | None = None
    system: str = ""

    @property
    def directory(self) -> Path:
        return (self.root or MODULES_DIRECTORY) / self.name

    @property
    def binaries(self) -> tuple[str, ...]:
        return tuple(package.rpartition("/")[2] for package in self.packages)


MODULES = (
    GoModule(
        "kubernetes",
        "k8s.io/kubernetes",
        tuple(
            f"k8s.io/kubernetes/cmd/{command}"
            for command in (
                "kube-apiserver",
                "kube-controller-manager",
                "kube-proxy",
                "kube-scheduler",
                "kubectl",
                "kubelet",
            )
        ),
        hint="some minutes the first time",
    ),
    GoModule(
        "containerd",
        "github.com/containerd/containerd/v2",
        tuple(
            f"github.com/containerd/containerd/v2/cmd/{command}"
            for command in ("containerd", "containerd-shim-runc-v2", "ctr")
        ),
        # btrfs needs C headers; the sandbox uses overlayfs.
        flags=("-tags", "no_btrfs"),
    ),
    GoModule("coredns", "github.com/coredns/coredns", ("consortium.dev/sandbox/coredns",)),
    GoModule("helm", "helm.sh/helm/v3", ("helm.sh/helm/v3/cmd/helm",)),
    GoModule("kind", "sigs.k8s.io/kind", ("sigs.k8s.io/kind",)),
    # Runs where the cluster runs, which may be in a container on a machine that is no Linux.
    GoModule("kwok", "sigs.k8s.io/kwok", ("sigs.k8s.io/kwok/cmd/kwok",), system="linux"),
    GoModule("pause", "", ("consortium.dev/sandbox/pause",)),
)

# Nobody debugs what the linker strips. And where packages mostly wire others together, nothing gets
# faster by inlining, for which their compiler reads all that they import: a fifth of its work. All
# modules are built with the same flags, else what they share would be compiled for each.
_ONLY_WIRES = ("k8s.io/client-go/...", "k8s.io/kubectl/...", "k8s.io/kubernetes/...")
COMPILER_FLAGS = (
    "-gcflags=all=-dwarf=false",
    *(f"-gcflags={packages}=-dwarf=false -l" for packages in _ONLY_WIRES),
)

# The compiler is a process for each of some 3,000 packages, and collecting its garbage is a third
# of its work, which ends with it anyway. Two run at a time where there are two processors; the
# limit is where the largest of them begins to collect after all.
GO_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "",
    "GOWORK": "off",
    "GOGC": "off",
    "GOMEMLIMIT": "1GiB",
}

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
NODE = (
    "containerd",
    "containerd-shim-runc-v2",
    "coredns",
    "ctr",
    "kube-proxy",
    "kubelet",
    "pause",
)
CLIENTS = ("helm", "kubectl")


def go_architecture() -> str:
    """This machine's architecture in Go's and OCI's words."""
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def module_of(tool: str) -> GoModule:
    """The module that `tool` is built from. Raises SandboxError for an unknown name."""
    for module in MODULES:
        if tool in module.binaries:
            return module
    known = ", ".join(sorted(binary for module in MODULES for binary in module.binaries))
    raise SandboxError(f"there is no tool {tool!r}; there are {known}")


def version_of(module: GoModule) -> str:
    """The pinned version, as the module's go.mod says it; `own` for a module of our own."""
    if not module.requirement:
        return "own"
    text = (module.directory / "go.mod").read_text()
    found = re.search(rf"\b{re.escape(module.requirement)} (v\S+)", text)
    if found is None:
        raise SandboxError(f"{module.directory / 'go.mod'} does not require {module.requirement}")
    return found.group(1)


def linker_flags(module: GoModule) -> str:
    """Without the version flags the API server would report v0.0.0, which clients refuse."""
    stripped = "-s -w"
    if module.name != "kubernetes":
        return stripped
    version = version_of(module)
    major, minor = version.removeprefix("v").split(".")[:2]
    variables = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    sets = (f"-X k8s.io/component-base/version.{key}={value}" for key, value in variables.items())
    return " ".join((stripped, *sets))


def build_command(module: GoModule, packages: Iterable[str], output: Path) -> list[str]:
    """The `go build` command, run in the module's directory, that fills `output`."""
    return [
        *("go", "build", "-trimpath", "-buildvcs=false", "-mod=readonly"),
        *module.flags,
        *COMPILER_FLAGS,
        *("-ldflags", linker_flags(module)),
        *("-o", f"{output}/"),
        *packages,
    ]


@cache
def binary_directory(module: GoModule) -> Path:
    """Where the module's binaries are cached."""
    digest = hashlib.sha256()
    for source in sorted(module.directory.iterdir()):
        if source.suffix in {".go", ".mod", ".sum"}:
            digest.update(f"{source.name}\n".encode() + source.read_bytes())
    digest.update(repr(build_command(module, module.packages, Path("out"))).encode())
    digest.update(go_architecture().encode())
    name = f"{module.name}-{version_of(module)}-{digest.hexdigest()[:12]}"
    return cache_root() / "bin" / name


def binary(tool: str) -> Path:
    """Where `tool` is once it is built."""
    return binary_directory(module_of(tool)) / tool


def ensure_tools(tools: Iterable[str], progress: Progress) -> None:
    """Builds what is not in the cache yet. Raises GoMissingError where Go is missing."""
    wanted = list(tools)
    for module in MODULES:
        ensure_built(module, [tool for tool in wanted if tool in module.binaries], progress)


def ensure_built(module: GoModule, tools: Iterable[str], progress: Progress) -> None:
    """The same for one module, which may be another one than ours."""
    target = binary_directory(module)
    missing = [tool for tool in tools if not (target / tool).exists()]
    if not missing:
        return
    environment = shell.network_environment(**GO_ENVIRONMENT)
    if shutil.which("go", path=environment["PATH"]) is None:
        raise GoMissingError("Go >= 1.26 is needed to build the cluster's programs: install it")
    with locked(cache_root() / "bin", progress):
        missing = [tool for tool in missing if not (target / tool).exists()]
        if missing:
            _build(module, missing, environment, progress)


def _build(
    module: GoModule, tools: list[str], environment: dict[str, str], progress: Progress
) -> None:
    target = binary_directory(module)
    target.mkdir(parents=True, exist_ok=True)
    unfinished = target / ".unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    packages = [package for package in module.packages if package.rpartition("/")[2] in tools]
    hint = f" ({module.hint})" if module.hint else ""
    title = f"Build {module.name} {version_of(module)}: {', '.join(tools)}{hint}"
    with progress.step(title):
        command = build_command(module, packages, unfinished)
        unfinished.mkdir()
        shell.run(command, env={**environment, "GOOS": module.system}, cwd=module.directory)
        for tool in tools:
            (unfinished / tool).rename(target / tool)
        unfinished.rmdir()


def tool_path(name: str, progress: Progress | None = None) -> Path:
    """The path of a tool's binary (`kubectl`, `helm`, …), built first where it is not cached."""
    ensure_tools([name], progress or Silent())
    return binary(name)
