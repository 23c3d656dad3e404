"""A Docker engine and a kind that are programs on the PATH, and remember what they were told."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from consortium_sandbox import go_tools
from consortium_sandbox.kind import engine as docker_engine

# Isolated and without site packages: a program that starts in a moment.
_PROGRAM = f"""\
#!{sys.executable} -IS
import sys

sys.path.insert(0, {str(Path(__file__).parent)!r})
import engine_program

engine_program.main()
"""


@dataclass(frozen=True)
class Engine:
    """What the two programs have and were told."""

    directory: Path

    @property
    def commands(self) -> list[str]:
        """Every command line, without the paths of this machine."""
        lines = (self.directory / "calls").read_text().splitlines()
        return [
            " ".join(json.loads(line)).replace(str(self.directory.parent), "") for line in lines
        ]

    @property
    def containers(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = json.loads(
            (self.directory / "containers.json").read_text()
        )
        return found

    @property
    def config(self) -> str:
        """The configuration that kind was given."""
        return (self.directory / "config").read_text()

    def forget(self) -> None:
        (self.directory / "calls").unlink(missing_ok=True)

    def answers(self, version: str) -> None:
        (self.directory / "version").write_text(version)

    def refuses(self, command: str, said: str) -> None:
        """From now on the command says that and fails."""
        (self.directory / f"refuse-{command.replace(' ', '-')}").write_text(said)

    def has(self, **containers: dict[str, object]) -> None:
        """Sets what containers there are; `_` stands for `-` in their names."""
        named = {name.replace("_", "-"): each for name, each in containers.items()}
        (self.directory / "containers.json").write_text(json.dumps(named))

    def is_late(self, *nodes: str) -> None:
        """These do not become Ready."""
        (self.directory / "late").write_text(" ".join(nodes))

    def images_on(self, container: str) -> list[str]:
        return (self.directory / f"images-{container}").read_text().splitlines()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine that works, without a cluster."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("docker", "kind"):
        (directory / name).write_text(_PROGRAM)
        (directory / name).chmod(0o755)
    (directory / "kind-version").write_text("kind v0.33.0 go1.26.1 linux/amd64")
    made = Engine(directory)
    made.answers("29.1.3")
    made.has()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(go_tools, "ensure_tools", lambda *_: None)
    # How long a Python takes to start says more of the machine than of the code.
    monkeypatch.setattr(docker_engine, "_PATIENCE", 300.0)
    return made


@pytest.fixture
def without_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no such program, whatever this one has."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
