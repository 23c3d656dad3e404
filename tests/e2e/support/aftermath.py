"""What is asked after every test with real pods, whatever it was about: did the operator keep the
rules all the time, and is there a private key anywhere but in a Secret?"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.support.chain import CHAIN_LABEL, OPERATOR, OPERATOR_NAMESPACE
from tests.kubectl import Kubectl
from tests.leaks import UNKNOWN, Scanner
from tests.recorder import Recorder
from tests.resources import REPOSITORY

PUBLIC_KINDS = (
    "cchain,configmaps,events,pods,statefulsets,controllerrevisions,services,endpointslices,pvc,"
    "pdb,networkpolicies"
)
# Of the operator, which has many chains, only what is new to the namespace that is judged.
_LOG_SINCE = "10m"


@dataclass(frozen=True)
class Aftermath:
    """Judges a namespace before it goes."""

    kubectl: Kubectl
    recorder: Recorder

    def check(self, namespace: str) -> None:
        """Fails where a rule was broken or a key strayed."""
        broken = self.recorder.violations(namespace)
        assert not broken, "\n".join(broken)
        leaks = self.leaks(namespace)
        assert not leaks, "\n".join(leaks)

    def leaks(self, namespace: str) -> list[str]:
        """Where a private key of the namespace, or one of unknown origin, was found."""
        secrets = self.kubectl.get(
            "secrets", f"--namespace={namespace}", "--selector=" + CHAIN_LABEL
        )
        scanner = Scanner(secrets["items"])
        found = [
            leak for place, text in self._public(namespace) for leak in scanner.scan(text, place)
        ]
        # Tests are full of keys that belong to nobody.
        found += [
            leak
            for place, text in working_tree()
            for leak in scanner.scan(text, place)
            if leak.key != UNKNOWN
        ]
        return [str(leak) for leak in found]

    def _public(self, namespace: str) -> Iterator[tuple[str, str]]:
        here = f"--namespace={namespace}"
        listed = ("get", PUBLIC_KINDS, here, "--output=json", "--show-managed-fields")
        yield "objects", self.kubectl(*listed)
        history = [one.object for one in self.recorder.history(namespace)]
        public = [one for one in history if one["kind"] != "Secret"]
        yield "an earlier version of an object", json.dumps(public, ensure_ascii=False)
        everything = ("--all-containers", "--tail=-1", "--ignore-errors")
        yield "logs of nodes", self.kubectl("logs", here, "--selector=" + CHAIN_LABEL, *everything)
        of_operator = (f"deployment/{OPERATOR}", f"--namespace={OPERATOR_NAMESPACE}")
        yield "log of the operator", self.kubectl("logs", *of_operator, f"--since={_LOG_SINCE}")
        yield from processes()


def processes() -> Iterator[tuple[str, str]]:
    """Arguments and environment of every process, those in pods included: one kernel runs all."""
    for name in ("cmdline", "environ"):
        texts = []
        for path in Path("/proc").glob(f"[0-9]*/{name}"):
            try:
                texts.append(path.read_bytes().decode(errors="replace"))
            except OSError:
                continue  # it has ended, or it is not ours to read
        yield f"/proc/*/{name}", "\n".join(texts)


def working_tree() -> Iterator[tuple[str, str]]:
    """What has come into the repository since the last commit: tests write elsewhere."""
    words = ("git", "ls-files", "--others", "--modified", "--exclude-standard")
    found = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    for name in found.stdout.splitlines():
        path = REPOSITORY / name
        if path.is_file():
            yield name, path.read_text("utf-8", errors="replace")
