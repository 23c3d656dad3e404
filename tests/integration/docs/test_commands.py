"""Commands of the documents do on a real API server what somebody who pastes them expects.

A block runs as it stands, in an empty directory, unless the comment in front of it says what else
runs it or why nothing does. The chain is the one of the quickstart, and no node runs.
"""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from consortium_sandbox import Sandbox, tool_path
from tests.documents import DOCUMENTS, Commands, Document, objects_of
from tests.kubectl import Kubectl, ensure_namespace, install_crd
from tests.resources import REPOSITORY
from tests.unit.cli.commands import consortium

pytestmark = pytest.mark.integration

BLOCKS = [block for document in DOCUMENTS for block in document.commands if not block.note]
(CHAIN,) = objects_of(Document(REPOSITORY / "docs" / "quickstart.md"))


@pytest.fixture(scope="module")
def kubectl(control_plane: Sandbox) -> Kubectl:
    install_crd(control_plane.kubeconfig)
    kubectl = Kubectl(control_plane.kubeconfig)
    ensure_namespace(kubectl, CHAIN["metadata"]["namespace"])
    return kubectl


@pytest.fixture
def place(kubectl: Kubectl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the examples, a shell that finds kubectl, and a chain as it was written."""
    kubectl("replace", "--force", "--filename=-", stdin=json.dumps(CHAIN))
    for name in ("examples", "charts"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(kubectl.kubeconfig))
    monkeypatch.setenv("PATH", f"{tool_path('kubectl').parent}:{os.environ['PATH']}")
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_does_what_it_says(block: Commands, place: Path) -> None:
    if "consortium " not in block.text.replace("kubectl consortium ", "consortium "):
        in_a_shell(block.text, place)
        return
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        words = words[1:] if words[:2] == ["kubectl", "consortium"] else words
        if words[0] == "consortium":
            done = consortium(*words[1:])
            assert done.code == 0, (line, done.stderr)
        else:
            in_a_shell(line, place)


def in_a_shell(text: str, place: Path) -> None:
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", text],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, (text, done.stderr)


def test_the_documents_have_commands_to_run() -> None:
    assert len(BLOCKS) > 15
