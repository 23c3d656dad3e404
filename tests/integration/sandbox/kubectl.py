"""kubectl on one sandbox, and waiting."""

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
    """kubectl on one sandbox."""

    kubeconfig: Path

    def __call__(self, *words: str, stdin: str | None = None) -> str:
        done = self.attempt(*words, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def attempt(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """The same, for what may fail."""
        return subprocess.run(
            [str(tool_path("kubectl")), "--kubeconfig", str(self.kubeconfig), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def apply(self, *manifests: dict[str, Any]) -> None:
        document = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self("apply", "-f", "-", stdin=json.dumps(document))

    def get(self, *words: str) -> Any:
        return json.loads(self("get", *words, "-o", "json"))


def eventually(true: Callable[[], Any], seconds: float = 60.0) -> None:
    """Waits for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"still not true after {seconds} s"
        time.sleep(0.2)
