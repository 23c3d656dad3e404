"""Which cluster and namespace a person means, as kubectl would understand the same words."""

from pathlib import Path

import pytest
import yaml

from consortium_operator.kube.caller import NoTarget, find_target


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


@pytest.mark.parametrize("text", ["garbage", "[1]", "contexts: 3", ""])
def test_what_is_no_kubeconfig_is_told_without_words_of_python(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(NoTarget, match="it is not what a kubeconfig should be"):
        find_target({"KUBECONFIG": str(path)}, "", "")
