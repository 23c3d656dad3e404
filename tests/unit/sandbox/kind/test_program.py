"""kind is taken from the PATH where it is new enough, else built."""

from pathlib import Path

import pytest

from consortium_sandbox import SandboxUnsupportedError, go_tools
from consortium_sandbox.go_tools import GoMissingError
from consortium_sandbox.kind import program
from consortium_sandbox.progress import Silent
from tests.unit.sandbox.kind.conftest import Engine


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Path:
    path = Path("/cache/kind")
    monkeypatch.setattr(go_tools, "tool_path", lambda name, progress: path)
    return path


@pytest.mark.parametrize("version", ["v0.30.0", "v0.33.0-alpha+fed268827e21ca", "v1.0.0"])
def test_a_new_enough_one_on_the_path_is_used(engine: Engine, version: str, built: Path) -> None:
    (engine.directory / "kind-version").write_text(f"kind {version} go1.24.6 linux/amd64")
    assert program.kind(Silent()) == engine.directory / "kind"


def test_an_old_one_is_passed_over(engine: Engine, built: Path) -> None:
    (engine.directory / "kind-version").write_text("kind v0.20.0 go1.20.4 linux/amd64")
    assert program.kind(Silent()) == built


def test_one_that_does_not_run_is_passed_over(engine: Engine, built: Path) -> None:
    engine.refuses("kind version", "exec format error")
    assert program.kind(Silent()) == built


@pytest.mark.parametrize(
    ("version", "told"), [("v0.20.0", "kind v0.20 in .* is too old"), (None, "there is no kind")]
)
def test_without_go_the_user_chooses_what_to_install(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, version: str | None, told: str
) -> None:
    def fail(*_: object) -> None:
        raise GoMissingError("no Go")

    monkeypatch.setattr(go_tools, "tool_path", fail)
    if version is None:
        (engine.directory / "kind").unlink()
    else:
        (engine.directory / "kind-version").write_text(f"kind {version} go1.20.4 linux/amd64")
    with pytest.raises(SandboxUnsupportedError, match=rf"{told}.* v0\.30 or newer, or Go >= 1\.26"):
        program.kind(Silent())
