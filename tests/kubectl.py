"""kubectl on a sandbox, for tests that do what a person or a service account would do."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortium_sandbox import tool_path


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


def eventually(true: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"still not true after {seconds} s"
        time.sleep(0.2)
