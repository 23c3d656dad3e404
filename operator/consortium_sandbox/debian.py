"""The programs that come from the distribution, and how they get onto a Debian or Ubuntu machine.

They are looked for as files, not as packages: whoever has them from elsewhere needs no package.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox import shell
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.locks import locked
from consortium_sandbox.paths import cache_root
from consortium_sandbox.progress import Progress

CNI_PLUGINS = Path("/usr/lib/cni")
_POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class Package:
    """A Debian package and the file we need it for (a program's name or an absolute path)."""

    name: str
    provides: str

    def present(self) -> bool:
        return shutil.which(self.provides, path=shell.SYSTEM_PATH) is not None


CONTROL_PLANE = (
    Package("etcd-server", "etcd"),
    Package("iproute2", "ip"),
    Package("util-linux", "nsenter"),
    Package("mount", "mount"),
)
NODE = (
    Package("runc", "runc"),
    Package("containernetworking-plugins", str(CNI_PLUGINS / "ptp")),
    Package("nftables", "nft"),
)
IMAGES = (Package("debootstrap", "debootstrap"),)


def ensure_packages(packages: Iterable[Package], progress: Progress) -> None:
    """Installs what is missing; names it all in one SandboxError where that is not possible."""
    wanted = tuple(packages)
    if all(package.present() for package in wanted):
        return
    with locked(cache_root() / "debian", progress):
        _install([package for package in wanted if not package.present()], progress)


def _install(missing: list[Package], progress: Progress) -> None:
    if not missing:
        return
    names = [package.name for package in missing]
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        what = ", ".join(f"{package.provides} (Debian: {package.name})" for package in missing)
        raise SandboxError(f"these programs are missing; install them: {what}")
    with progress.step(f"Install Debian packages: {', '.join(names)}"), _services_stay_down():
        _apt_install(names)
    still = [package.name for package in missing if not package.present()]
    if still:
        raise SandboxError(f"apt-get installed {', '.join(still)}, but the programs are not there")


def _apt_install(names: list[str]) -> None:
    environment = shell.network_environment(DEBIAN_FRONTEND="noninteractive")
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *names]
    try:
        shell.run(install, env=environment)
    except SandboxError:
        # Package lists may be absent (images drop them) or stale.
        shell.run(["apt-get", "update", "--quiet"], env=environment)
        shell.run(install, env=environment)
    if "etcd-server" in names and shutil.which("systemctl"):
        shell.succeeds(["systemctl", "disable", "etcd.service"])


@contextmanager
def _services_stay_down() -> Iterator[None]:
    """Keeps a freshly installed etcd from being started as a service of the machine."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
