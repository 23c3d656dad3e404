"""A real Prometheus and its promtool, built from their Go module: only for the long campaigns."""

import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from consortium_sandbox.go_tools import GoModule, binary_directory, ensure_built
from consortium_sandbox.progress import Silent
from tests.resources import REPOSITORY

ALERTS = REPOSITORY / "charts" / "consortium-operator" / "files" / "alerts.yaml"

_MODULE = GoModule(
    "prometheus",
    "github.com/prometheus/prometheus",
    (
        "github.com/prometheus/prometheus/cmd/prometheus",
        "github.com/prometheus/prometheus/cmd/promtool",
    ),
    # Without the clients of all clouds, in which it would look for targets.
    flags=("-tags", "remove_all_sd"),
    hint="some minutes the first time",
    root=Path(__file__).parent / "tools",
)


def prometheus_tool(name: str) -> Path:
    """Builds it where it is not in the cache."""
    ensure_built(_MODULE, _MODULE.binaries, Silent())
    return binary_directory(_MODULE) / name


def shortened(rules: str) -> str:
    """The rules with seconds in the place of minutes, and a second of patience: what they compare
    stays, but for how long. promtool tests the real times."""
    patient = re.sub(r"^( +for:) \S+$", r"\1 1s", rules, flags=re.MULTILINE)
    return re.sub(r"\[[^\]]*\]", lambda found: found[0].replace("m", "s"), patient)


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    port: int

    def alerts(self, **labels: str) -> set[str]:
        """The names of those that fire, with these labels."""
        return {
            one["labels"]["alertname"]
            for one in self._get("alerts")["alerts"]
            if one["state"] == "firing" and labels.items() <= one["labels"].items()
        }

    def values(self, query: str) -> list[float]:
        """Of every series of the answer."""
        found = self._get("query", query=query)["result"]
        return [float(one["value"][1]) for one in found]

    def wait_until(self, wrong: Callable[[], object], seconds: float = 90.0) -> None:
        """Until nothing is `wrong` any more."""
        end = time.monotonic() + seconds
        while found := wrong():
            assert time.monotonic() < end, f"after {seconds} s still wrong: {found}"
            time.sleep(0.3)

    def wait_for_alerts(self, wanted: set[str]) -> None:
        """Until exactly these fire."""
        self.wait_until(lambda: sorted(self.alerts() ^ wanted))

    def _get(self, path: str, **query: str) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error


@contextmanager
def running_prometheus(directory: Path, target: str) -> Iterator[Prometheus]:
    """Scrapes `target` (host:port) as docs/metrics.md says, with the shortened rules."""
    (directory / "alerts.yaml").write_text(shortened(ALERTS.read_text("utf-8")), "utf-8")
    config = {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"},
        "rule_files": ["alerts.yaml"],
        "scrape_configs": [
            {
                "job_name": "consortium-operator",
                "honor_labels": True,
                "static_configs": [{"targets": [target]}],
            }
        ],
    }
    (directory / "prometheus.yaml").write_text(yaml.safe_dump(config), "utf-8")
    port = _free_port()
    command = [
        str(prometheus_tool("prometheus")),
        "--config.file=prometheus.yaml",
        "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)
        try:
            found = Prometheus(port)
            _wait_until_it_answers(found, process, directory / "log")
            yield found
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_it_answers(found: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            found.alerts()
        except (OSError, AssertionError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        else:
            return


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
