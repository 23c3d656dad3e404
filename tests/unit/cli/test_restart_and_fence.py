"""`consortium restart` and `consortium fence`: what is asked of the operator in a person's name."""

from typing import Any

import pytest

from consortium_operator.cli.named_nodes import find_node
from consortium_operator.cli.restart import operations
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, ObjectKey
from tests import chains
from tests.unit.cli.cluster import Cluster, patched
from tests.unit.cli.commands import consortium

KEY = ObjectKey(CONSORTIUM_CHAIN, "chains", "trade")
WORD = "consortium.dev/restart"


def chain(**annotations: str) -> dict[str, Any]:
    two = chains.member("webank", chains.node("shenzhen", count=2), chains.node("beijing"))
    found = chains.resource(chains.member("huawei"), two)
    if annotations:
        found["metadata"]["annotations"] = annotations
    return found


@pytest.fixture
def there(there: Cluster) -> Cluster:
    there.answer = chain()
    return there


def asked(before: dict[str, Any], *paths: str) -> dict[str, str]:
    nodes = [find_node(before, path) for path in paths]
    after = patched(before, operations(before, nodes, "t"))
    found: dict[str, str] = after["metadata"]["annotations"]
    return found


def test_a_restart_is_asked_for_by_the_nodes_own_names(there: Cluster) -> None:
    done = consortium("restart", "trade", "webank/shenzhen-1", "huawei/node-0")
    assert done.code == 0
    ((key, edit),) = there.patches
    assert key == KEY
    words = patched(chain(), edit)["metadata"]["annotations"][WORD].split(",")
    names, tokens = zip(*(word.split("@") for word in words), strict=True)
    assert names == ("trade-webank-shenzhen-1", "trade-huawei-node-0")
    assert len(set(tokens)) == 1
    assert "kubectl consortium status trade --namespace chains" in done.stdout


def test_programs_read_what_was_asked_for(there: Cluster) -> None:
    found = consortium("restart", "trade", "huawei/node-0", "-o", "json").json
    ((_, edit),) = there.patches
    assert found["nodes"] == ["huawei/node-0"]
    assert patched(chain(), edit)["metadata"]["annotations"][WORD].endswith(f"@{found['token']}")
    fenced = consortium("fence", "trade", "webank/beijing-0", "-o", "yaml").yaml
    assert (fenced["node"], fenced["state"]) == ("webank/beijing-0", "Stopped")


def test_what_was_asked_for_other_nodes_stays() -> None:
    before = chain(**{WORD: "trade-webank-beijing-0@a, trade-huawei-node-0@b", "else": "x"})
    assert asked(before, "huawei/node-0") == {
        WORD: "trade-webank-beijing-0@a,trade-huawei-node-0@t",
        "else": "x",
    }


def test_other_annotations_stay() -> None:
    found = asked(chain(mine="x"), "huawei/node-0")
    assert found == {"mine": "x", WORD: "trade-huawei-node-0@t"}


def test_a_fence_stops_the_node_and_its_release_lets_it_go_on(there: Cluster) -> None:
    stopped = consortium("fence", "trade", "webank/beijing-0")
    released = consortium("fence", "trade", "webank/beijing-0", "--release")
    assert (stopped.code, released.code) == (0, 0)
    states = [
        patched(chain(), edit)["spec"]["members"][1]["nodes"][1]["state"]
        for _, edit in there.patches
    ]
    assert states == ["Stopped", "Running"]


def test_a_fence_meets_the_entry_that_was_read_and_no_other(there: Cluster) -> None:
    consortium("fence", "trade", "webank/beijing-0")
    ((_, edit),) = there.patches
    moved = chain()
    moved["spec"]["members"].reverse()
    with pytest.raises(ValueError, match="test"):
        patched(moved, edit)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("restart", "trade", "huawei/node-0", "huawei/node-1"), "it has: huawei/node-0, webank/"),
        (("fence", "trade", "node-0"), "no node node-0"),
        (("fence", "trade", "webank/shenzhen-0"), "an entry of its own"),
    ],
)
def test_nothing_is_written_for_a_node_that_is_not_meant_so(
    there: Cluster, words: tuple[str, ...], hint: str
) -> None:
    done = consortium(*words)
    assert (done.code, done.stdout, there.patches) == (1, "", [])
    assert hint in done.stderr
