"""kubectl on a sandbox, for tests that do what a person or a service account would do."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortium_sandbox import tool_path
from tests.resources import CRD_FILE, CRD_NAME


@dataclass(frozen=True)
class Kubectl:
    """`user`: whom to act as; None is the cluster's administrator."""

    kubeconfig: Path
    user: str | None = None

    def __call__(self, *words: str, stdin: str = "") -> str:
        done = self.attempt(*words, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def attempt(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """The same, for what may be refused."""
        identity = [] if self.user is None else [f"--as={self.user}"]
        return subprocess.run(
            [str(tool_path("kubectl")), f"--kubeconfig={self.kubeconfig}", *identity, *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def get(self, *words: str) -> Any:
        return json.loads(self("get", *words, "--output=json"))


def as_list(*manifests: dict[str, Any]) -> str:
    """Objects as one document for --filename=-."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})


def install_crd(kubeconfig: Path) -> None:
    """The resource, once the API server serves it."""
    kubectl = Kubectl(kubeconfig)
    kubectl("apply", "--server-side", "--force-conflicts", f"--filename={CRD_FILE}")
    established = ("wait", "--for=condition=Established", "--timeout=5s", f"crd/{CRD_NAME}")
    # A wait that begins before there is any condition gives up at once.
    eventually(lambda: kubectl.attempt(*established).returncode == 0)


def ensure_namespace(kubectl: Kubectl, name: str) -> None:
    """There, and not on its way out, as other tests may have left it."""

    def is_active() -> bool:
        kubectl.attempt("create", "namespace", name)
        phase = ("get", "namespace", name, "--output=jsonpath={.status.phase}")
        return kubectl.attempt(*phase).stdout == "Active"

    eventually(is_active)


def eventually(true: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"still not true after {seconds} s"
        time.sleep(0.2)
