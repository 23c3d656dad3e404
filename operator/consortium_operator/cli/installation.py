"""Puts the operator on a sandbox the way a user would: images on the nodes, then the chart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortium_sandbox import ImageSet, Sandbox, SandboxError, tool_path
from consortium_sandbox.paths import checkout_root
from consortium_sandbox.progress import Progress
from consortium_sandbox.shell import local_environment, run

RELEASE = "consortium-operator"
SYSTEM_NAMESPACE = "consortium-system"


@dataclass(frozen=True, slots=True)
class Tools:
    """kubectl and helm, bound to one sandbox."""

    sandbox: Sandbox

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Standard output. Raises SandboxError with what kubectl said."""
        return run([tool_path("kubectl"), *arguments], env=self._environment, stdin=stdin)

    def get(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "--output=json"))
        return found

    def apply(self, manifest: Mapping[str, Any]) -> None:
        self.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(manifest))

    def helm(self, *arguments: str) -> str:
        return run([tool_path("helm"), *arguments], env=self._environment)

    @property
    def _environment(self) -> dict[str, str]:
        return local_environment(KUBECONFIG=str(self.sandbox.kubeconfig))


def checkout() -> Path:
    """The source checkout: the chart, the examples and the images come from it."""
    root = checkout_root()
    if root is None:
        raise SandboxError("the demo runs from a source checkout: git clone, then `make demo`")
    return root


def install_operator(tools: Tools, images: ImageSet, progress: Progress) -> None:
    """Loads the images and installs the chart; what is there already is kept."""
    with progress.step("Put the images on the nodes"):
        for image in (images.operator, *images.stand_in.values()):
            tools.sandbox.load_image(image.archive)
    with progress.step("Install the operator by its chart"):
        _install_chart(tools, images)


def _install_chart(tools: Tools, images: ImageSet) -> None:
    repository, _, digest = images.operator.reference.partition("@")
    catalogue = {version: image.reference for version, image in images.stand_in.items()}
    values = {
        "chainNamespaces": ["*"],
        "image": {"repository": repository, "digest": digest},
        "imageCatalogue": catalogue,
    }
    settings = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    chart = checkout() / "charts" / "consortium-operator"
    tools.helm(
        "upgrade",
        RELEASE,
        str(chart),
        "--install",
        f"--namespace={SYSTEM_NAMESPACE}",
        "--create-namespace",
        "--wait",
        "--timeout=3m",
        *settings,
    )
    # Helm leaves a CRD that it finds as it is where `keep` once took it out of a release.
    crd = checkout() / "crds" / "consortium.dev_consortiumchains.yaml"
    tools.kubectl("apply", "--server-side", "--force-conflicts", f"--filename={crd}")
