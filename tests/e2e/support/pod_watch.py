"""Records every change of a chain's pods, so that a test can judge what happened in between."""

import json
import subprocess
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from consortium_sandbox import tool_path
from tests.e2e.support.chain import Chain, is_ready


@dataclass(frozen=True)
class Change:
    """What a watch told: `uid` of the pod, and whether it can serve after this."""

    pod: str
    uid: str
    ready: bool


class PodWatch:
    """`kubectl get pods --watch`, from the entry of the context to its end."""

    def __init__(self, chain: Chain) -> None:
        self._command = [
            *(str(tool_path("kubectl")), f"--kubeconfig={chain.kubectl.kubeconfig}"),
            *("get", "pods", chain.here, chain.selector, "--watch", "--output-watch-events"),
            "--output=json",
        ]
        self._output = b""

    def __enter__(self) -> "PodWatch":
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._reader.join()
        self._process.communicate()

    def changes(self) -> list[Change]:
        """So far, in their order; the first of each pod is how it was found."""
        text, decoder, found = self._output.decode(errors="ignore"), json.JSONDecoder(), []
        position = text.find("{")
        while position >= 0:
            try:
                event, position = decoder.raw_decode(text, position)
            except ValueError:
                break  # the rest of it has not come yet
            found.append(_change(event))
            position = text.find("{", position)
        return found

    def most_not_ready(self) -> frozenset[str]:
        """The pods that were away or not ready at one time, when these were most."""
        away, most = frozenset[str](), frozenset[str]()
        for change in self.changes():
            away = away - {change.pod} if change.ready else away | {change.pod}
            most = max(most, away, key=len)
        return most

    def pods_by_name(self) -> dict[str, list[str]]:
        """Name → uids in the order in which they came."""
        found: dict[str, list[str]] = {}
        for change in self.changes():
            uids = found.setdefault(change.pod, [])
            if change.uid not in uids:
                uids.append(change.uid)
        return found

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._output += line


def _change(event: dict[str, Any]) -> Change:
    pod = event["object"]
    metadata = pod["metadata"]
    serves = event["type"] != "DELETED" and "deletionTimestamp" not in metadata and is_ready(pod)
    return Change(metadata["name"], metadata["uid"], serves)
