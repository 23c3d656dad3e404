"""Which cluster and namespace a person means, as kubectl would understand the same words."""

import os
from pathlib import Path

import pytest
import yaml

from consortium_operator.kube.caller import NoTarget, find_target
from consortium_operator.kube.transport import open_api


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    contexts = [
        {"name": "home", "context": {"cluster": "c", "user": "u"}},
        {"name": "work", "context": {"cluster": "c", "user": "u", "namespace": "chains"}},
    ]
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": contexts,
        "current-context": "home",
    }
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.mark.parametrize(
    ("context", "namespace", "expected"),
    [
        ("", "", ("home", "default")),
        ("work", "", ("work", "chains")),
        ("work", "mine", ("work", "mine")),
    ],
)
def test_options_come_before_the_context_and_the_context_before_defaults(
    kubeconfig: Path, context: str, namespace: str, expected: tuple[str, str]
) -> None:
    found = find_target({"KUBECONFIG": str(kubeconfig)}, context, namespace)
    assert (found.context, found.namespace) == expected


def test_a_context_that_is_not_there_is_refused_with_those_that_are(kubeconfig: Path) -> None:
    with pytest.raises(NoTarget, match="no context wrok; it has: home, work"):
        find_target({"KUBECONFIG": str(kubeconfig)}, "wrok", "")


def test_of_several_files_the_first_that_names_a_context_counts_as_for_kubectl(
    kubeconfig: Path, tmp_path: Path
) -> None:
    paths = []
    for name in ("", "work", "other"):
        content = yaml.safe_load(kubeconfig.read_text()) | {"current-context": name}
        path = tmp_path / f"{name}-config"
        path.write_text(yaml.safe_dump(content))
        paths.append(str(path))
    assert find_target({"KUBECONFIG": os.pathsep.join(paths)}, "", "").context == "work"


def test_a_context_that_is_named_needs_no_current_one(kubeconfig: Path) -> None:
    content = yaml.safe_load(kubeconfig.read_text())
    for current in ({}, {"current-context": "gone"}):
        left = {name: value for name, value in content.items() if name != "current-context"}
        kubeconfig.write_text(yaml.safe_dump(left | current))
        assert find_target({"KUBECONFIG": str(kubeconfig)}, "work", "").context == "work"
    kubeconfig.write_text(yaml.safe_dump(left))
    with pytest.raises(NoTarget, match="no current context; it has: home, work; name one with"):
        find_target({"KUBECONFIG": str(kubeconfig)}, "", "")


def log_in_by(kubeconfig: Path, program: str) -> None:
    content = yaml.safe_load(kubeconfig.read_text())
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": program}
    content["users"][0]["user"] = {"exec": plugin}
    kubeconfig.write_text(yaml.safe_dump(content))


async def test_a_program_that_gives_no_credentials_is_told_with_the_way_to_log_in(
    kubeconfig: Path,
) -> None:
    log_in_by(kubeconfig, "no-such-login")
    with pytest.raises(NoTarget, match=r"program no-such-login.* --context work auth whoami"):
        async with open_api(kubeconfig, "work"):
            pass


def test_without_a_kubeconfig_the_next_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoTarget, match="no such file; set KUBECONFIG"):
        find_target({"KUBECONFIG": str(tmp_path / "none")}, "", "")
    with pytest.raises(NoTarget, match="is a directory; set KUBECONFIG"):
        find_target({"KUBECONFIG": str(tmp_path)}, "", "")


@pytest.mark.parametrize(
    "content", ["", "[]", "a: [", "\0", "contexts: 5\ncurrent-context: a", "current-context: gone"]
)
def test_whatever_stands_in_a_kubeconfig_the_next_step_is_named(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(NoTarget, match="set KUBECONFIG"):
        find_target({"KUBECONFIG": str(path)}, "", "")


@pytest.mark.parametrize("content", [b"garbage", b"[1]", b"contexts: 3", b"", b"\xcc\xff"])
def test_what_is_no_kubeconfig_is_told_without_words_of_python(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)
    with pytest.raises(NoTarget, match="it is not what a kubeconfig should be"):
        find_target({"KUBECONFIG": str(path)}, "", "")


def name_server(kubeconfig: Path, server: str) -> None:
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = server
    kubeconfig.write_text(yaml.safe_dump(config))


@pytest.mark.parametrize(
    ("server", "advice"),
    [
        ("127.0.0.1:6443", "write https://127.0.0.1:6443,"),
        ("localhost:6443", "write https://localhost:6443,"),
        ("", "correct it,"),
        ("https://127.0.0.1:port", "correct it,"),
        ("https://[::1", "correct it,"),
        ("ftp://127.0.0.1", "correct it,"),
    ],
)
async def test_a_server_that_no_request_can_go_to_is_told_with_its_correction(
    kubeconfig: Path, server: str, advice: str
) -> None:
    name_server(kubeconfig, server)
    with pytest.raises(NoTarget, match="server is") as refusal:
        async with open_api(kubeconfig):
            pass
    assert f"{server!r}, no address" in str(refusal.value)
    assert advice in str(refusal.value)


@pytest.mark.parametrize("server", ["http://127.0.0.1:1", "https://[::1]:6443", "https://k8s/a/b"])
async def test_a_server_with_its_scheme_is_taken(kubeconfig: Path, server: str) -> None:
    name_server(kubeconfig, server)
    async with open_api(kubeconfig) as api:
        assert api.configuration.host == server
