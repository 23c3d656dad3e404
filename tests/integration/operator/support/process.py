"""The operator as a process of its own, as its image starts it: `python -m consortium_operator`."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.operator.support.waiting import wait_until
from tests.integration.operator.support.zygote import Forked, Zygote

VERSION = "3.16.4"
IMAGE = "registry.example/fisco-bcos@sha256:" + "0" * 64
_CALLS = "consortium_kubernetes_request_duration_seconds_count"
_ROUNDS = "consortium_reconcile_duration_seconds_count"
_ERRORS = "consortium_reconcile_errors_total"

# The safeguard that the operator has to do without (see `sabotage.py`).
WITHOUT = "CONSORTIUM_TEST_WITHOUT"
SABOTAGE = "tests.integration.operator.support.sabotage"


@dataclass(frozen=True)
class Work:
    """What the operator has done since it started. `calls`: to the API server, but for its watches
    and lists, which come again by themselves."""

    rounds: int
    calls: int
    errors: int


class OperatorProcess:
    """`kubeconfig`: whom it is; `directory`: where its log and its catalogue go. `zygote`: what it
    is forked from, where it is started often; else it is a program of its own. `options`: further
    ones of its command line; `program`: in the place of the operator's own module."""

    def __init__(
        self,
        kubeconfig: Path,
        directory: Path,
        name: str = "operator",
        zygote: Zygote | None = None,
        options: Sequence[str] = (),
        program: Sequence[str] = (),
    ) -> None:
        self._kubeconfig = kubeconfig
        self._zygote = zygote
        self._options = options
        self._program = program or _program()
        self._catalogue = directory / "image-catalogue.yaml"
        self._catalogue.write_text(yaml.safe_dump({VERSION: IMAGE}))
        self._directory = directory
        self.log_file = directory / f"{name}.log"
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._port = 0

    def start(self, *, wait: bool = True) -> None:
        assert self._process is None, "it runs already"
        self._port = _free_port()
        self._process = self._new()
        if wait:
            self.wait_ready()

    def _new(self) -> subprocess.Popen[bytes] | Forked:
        arguments = [
            f"--image-catalogue={self._catalogue}",
            f"--listen=127.0.0.1:{self._port}",
            "--log-level=debug",
            *self._options,
        ]
        if self._zygote is not None:
            return self._zygote.fork(arguments, self.log_file)
        environment = os.environ | {"KUBECONFIG": str(self._kubeconfig)}
        command = [sys.executable, "-m", *self._program, *arguments]
        environment["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                command, env=environment, cwd=self._directory, stdout=log, stderr=log
            )

    def wait_ready(self) -> None:
        wait_until(lambda: self.answer("/readyz")[0] == 200, "the operator is ready", self.log)

    def stop(self) -> int:
        """As Kubernetes does it. The exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        assert self.stop() == 0
        self.start()

    def freeze(self) -> None:
        """Nothing of it runs until it is thawed, and it does not notice."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def wait_ended(self) -> int:
        """Until it has left by itself. The exit code."""
        process, self._process = self._process, None
        assert process is not None, "it does not run"
        return process.wait(25)

    def is_active(self) -> bool:
        """Whether it reconciles, and does not wait for the Lease of another."""
        return "\nconsortium_operator_active 1.0" in self.answer("/metrics")[1]

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(number)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def answer(self, path: str) -> tuple[int, str]:
        """Status and text of one of its HTTP pages; status 0: nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=5) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, ""

    def work(self) -> Work:
        samples = [
            sample
            for family in text_string_to_metric_families(self.answer("/metrics")[1])
            for sample in family.samples
        ]

        def total(name: str) -> int:
            found = (
                s
                for s in samples
                if s.name == name and s.labels.get("verb") not in ("watch", "list")
            )
            return int(sum(sample.value for sample in found))

        return Work(total(_ROUNDS), total(_CALLS), total(_ERRORS))

    def look_again(self, poke: Callable[[], None]) -> None:
        """One more round, now, and not at its own pace: what it would do wrong it has done then."""
        before = self.work().rounds
        poke()
        wait_until(lambda: self.work().rounds > before, "another round", self.log)

    def log(self) -> str:
        """Its last words, without what led to an exception."""
        lines = self.log_file.read_text(errors="replace").splitlines()[-25:]
        return "\n".join(
            line if len(line) < 600 else f"{line[:200]} … {line[-300:]}" for line in lines
        )

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        assert process is not None, "it does not run"
        process.send_signal(how)
        try:
            return process.wait(25)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the operator did not stop\n{self.log()}") from None


def _program() -> list[str]:
    without = os.environ.get(WITHOUT)
    return ["consortium_operator"] if without is None else [SABOTAGE, without]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def pause(pid: int, seconds: float) -> None:
    """Freezes a process: its connections stay open, and nobody answers."""
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)
