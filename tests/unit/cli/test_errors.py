"""Every command that reads a cluster, where there is none, it is silent, it refuses, or what was
named is not there: the exit code that the documents tell, a next step, and never a traceback."""

import json
import socket
from pathlib import Path

import pytest

from consortium_operator.cli import cluster
from consortium_operator.cli.main import _COMMANDS
from consortium_operator.kube import transport
from consortium_operator.kube.errors import ApiError, Forbidden, Unavailable
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, JsonObject, ObjectKey
from consortium_operator.kube.person import Right, Server
from consortium_operator.kube.transport import Timeouts
from tests.unit.cli.cluster import Cluster, connect_to
from tests.unit.cli.commands import consortium

# What each is called with, beside the options that all have. `refused`: its exit code where the
# caller may do nothing; `missing`: where there is no such chain.
CALLS = {
    "certificates": (["trade"], 1, 1),
    "client-bundle": (["trade", "webank", "--directory", "conf"], 1, 1),
    "destroy": (["trade", "--uid", "x"], 1, 1),
    "diff": (["trade"], 2, 2),
    "doctor": (["trade"], 1, 1),
    "fence": (["trade", "webank/node-0"], 1, 1),
    "logs": (["trade"], 1, 1),
    "report": (["trade"], 1, 1),
    "restart": (["trade", "webank/node-0"], 1, 1),
    "status": (["trade"], 1, 1),
    "topology": (["trade"], 1, 1),
    "version": ([], 0, 0),
}
WITHOUT_CLUSTER = {"demo", "init", "inspect", "render", "sandbox", "validate", "vote"}
NAMES = pytest.mark.parametrize("name", CALLS)
KEY = ObjectKey(CONSORTIUM_CHAIN, "chains", "trade")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


class Refusing(Cluster):
    """Says the same to every question."""

    def __init__(self, answer: ApiError | None) -> None:
        super().__init__()
        self.answer = answer

    async def server(self) -> Server:
        return Server("v1.37.2", None)

    async def may(self, right: Right) -> bool:
        return False

    async def through(self, namespace: str, service: str, port: str, path: str) -> str:
        raise Forbidden(403, "Forbidden", "no", "proxy", KEY)


def test_no_command_is_forgotten_here() -> None:
    assert {name for name, *_ in _COMMANDS} == {*CALLS, *WITHOUT_CLUSTER}


@NAMES
def test_without_a_kubeconfig_the_command_line_is_wrong(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    done = consortium(name, *CALLS[name][0])
    assert (done.code, done.stdout) == (2, "")
    assert "set KUBECONFIG" in done.stderr


@NAMES
def test_a_cluster_that_does_not_answer_has_a_code_of_its_own(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config", nobodys_port())))

    # Each further attempt is a pause longer.
    monkeypatch.setattr(transport, "_READ_ATTEMPTS", 1)
    done = consortium(name, *CALLS[name][0])
    assert (done.code, done.stdout) == (3, "")
    assert "kubectl --context work version" in done.stderr


def test_a_server_that_is_silent_is_told_long_before_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(transport, "_READ_ATTEMPTS", 1)
    monkeypatch.setattr(cluster, "_TIMEOUTS", Timeouts(request=0.2))
    monkeypatch.setattr(cluster, "_PATIENCE", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        file = kubeconfig(tmp_path / "config", silent.getsockname()[1])
        monkeypatch.setenv("KUBECONFIG", str(file))
        done = consortium("status", "trade")
    assert done.code == 3
    first, *_ = done.stderr.splitlines()
    assert first.startswith("note: the cluster of the context work has not answered yet")


def nobodys_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def kubeconfig(path: Path, port: int) -> Path:
    config: JsonObject = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "work", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "work",
    }
    path.write_text(json.dumps(config))
    return path


@NAMES
def test_a_caller_without_rights_hears_which(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    no = Forbidden(403, "Forbidden", "no", "get", KEY)
    connect_to(Refusing(no), monkeypatch)
    words, code, _ = CALLS[name]
    done = consortium(name, *words)
    assert done.code == code
    told = "you may not" if name == "version" else "kubectl auth can-i"
    assert told in done.stdout + done.stderr


@pytest.mark.parametrize("name", [name for name in CALLS if "trade" in CALLS[name][0]])
@pytest.mark.parametrize("typed", ["", "..", "Trade", "a/b"])
def test_what_can_name_no_chain_is_told_and_becomes_no_path(
    name: str, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in ("doctor", "topology") and not typed:
        return  # their name may be left out
    connect_to(found := Refusing(None), monkeypatch)
    done = consortium(name, *(typed if one == "trade" else one for one in CALLS[name][0]))
    assert (done.code, done.stdout, found.asked) == (2, "", [])
    assert f"error: NAME is {typed!r}, and names are" in done.stderr


def test_an_empty_file_is_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    connect_to(found := Refusing(None), monkeypatch)
    done = consortium("diff", "trade", "--file", "")
    assert (done.code, found.asked) == (2, [])
    assert "--file is empty" in done.stderr


@pytest.mark.parametrize("option", ["--namespace", "--operator-namespace"])
def test_a_namespace_that_cannot_be_is_told(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_to(Refusing(None), monkeypatch)
    done = consortium("status", "trade", option, "My Chains")
    assert (done.code, done.stdout) == (2, "")
    assert f"error: {option} is 'My Chains'" in done.stderr


@NAMES
def test_what_is_not_there_is_said_with_where_to_look(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_to(Refusing(None), monkeypatch)
    words, _, code = CALLS[name]
    done = consortium(name, *words)
    assert done.code == code
    assert "trade" in done.stderr or name == "version"


@NAMES
def test_a_cluster_without_the_crd_is_told_as_such(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_to(Refusing(Unavailable(404, "NoAnswer", "no such page", "get", KEY)), monkeypatch)
    done = consortium(name, *CALLS[name][0])
    assert done.code == (2 if name == "diff" else 1)
    assert "kubectl get crd consortiumchains.consortium.dev" in done.stderr


@NAMES
def test_the_help_of_every_command_tells_its_exit_codes(name: str) -> None:
    done = consortium(name, "--help")
    assert done.code == 0
    assert "xits" in done.stdout
