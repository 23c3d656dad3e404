"""`kubectl port-forward`: how a program on this machine reaches a pod of any cluster."""

import subprocess
from types import TracebackType

from consortium_sandbox import tool_path
from tests.kubectl import Kubectl

_FORWARDING = "Forwarding from 127.0.0.1:"


class PortForward:
    """Forwards one port of `target` ("pod/x"). Starts when it is first used, and again after
    `drop`: a forward stays with the container that it was made for."""

    def __init__(self, kubectl: Kubectl, namespace: str, target: str, port: int) -> None:
        self._command = [
            *(str(tool_path("kubectl")), f"--kubeconfig={kubectl.kubeconfig}"),
            *("port-forward", f"--namespace={namespace}", target, f":{port}"),
        ]
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    def port(self) -> int:
        """On 127.0.0.1. Raises ConnectionError where there is nobody to forward to."""
        if self._process is None or self._process.poll() is not None:
            self.drop()
            self._start()
        return self._port

    def drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def __enter__(self) -> "PortForward":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.drop()

    def _start(self) -> None:
        # kubectl says little on standard error, and ends with the first broken connection.
        process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith(_FORWARDING):
            process.kill()
            rest, _ = process.communicate()
            raise ConnectionError(f"kubectl port-forward: {line}{rest}")
        self._process = process
        self._port = int(line.removeprefix(_FORWARDING).split()[0])
