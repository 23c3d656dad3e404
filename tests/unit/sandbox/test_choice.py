"""Which back end a sandbox has follows from the machine and from what is there already."""

import os
import platform
from pathlib import Path

import pytest

from consortium_sandbox import SandboxError, SandboxUnsupportedError
from consortium_sandbox.choice import VARIABLE, backend_for
from consortium_sandbox.embedded import cleanup
from consortium_sandbox.embedded.cluster import EmbeddedBackend
from consortium_sandbox.kind import engine
from consortium_sandbox.kind.cluster import KindBackend

NO_ENGINE = "no Docker engine answers: start it"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Linux, root, a Docker engine, and no sandbox."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(engine, "problem", lambda: None)
    monkeypatch.setattr(cleanup, "exists", lambda name: False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "problem", lambda: NO_ENGINE)


@pytest.fixture
def not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_where_an_engine_answers_it_is_kind() -> None:
    assert isinstance(backend_for("demo"), KindBackend)


@pytest.mark.usefixtures("no_engine")
def test_where_none_does_it_is_the_embedded_one() -> None:
    assert isinstance(backend_for("demo"), EmbeddedBackend)


@pytest.mark.usefixtures("not_root")
def test_who_may_use_docker_needs_no_other_rights() -> None:
    assert isinstance(backend_for("demo"), KindBackend)


@pytest.mark.usefixtures("no_engine", "not_root")
def test_where_neither_can_run_both_ways_are_told() -> None:
    with pytest.raises(
        SandboxUnsupportedError, match=f"takes root.*needs a Docker engine: {NO_ENGINE}"
    ):
        backend_for("demo")


def test_a_sandbox_that_exists_keeps_the_back_end_it_was_made_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cleanup, "exists", lambda name: name == "older")
    assert isinstance(backend_for("older"), EmbeddedBackend)
    assert isinstance(backend_for("newer"), KindBackend)


@pytest.mark.usefixtures("no_engine")
def test_a_sandbox_on_kind_is_not_lost_when_docker_stops() -> None:
    KindBackend("demo").home.mkdir(parents=True)
    with pytest.raises(SandboxUnsupportedError, match=NO_ENGINE):
        backend_for("demo")


def test_the_environment_decides_where_both_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "embedded")
    assert isinstance(backend_for("demo"), EmbeddedBackend)


@pytest.mark.usefixtures("no_engine")
def test_the_environment_does_not_make_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "kind")
    with pytest.raises(SandboxUnsupportedError, match=NO_ENGINE):
        backend_for("demo")


def test_a_word_that_is_no_back_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "minikube")
    with pytest.raises(SandboxError, match="is 'minikube'; it may be `kind` or `embedded`"):
        backend_for("demo")
