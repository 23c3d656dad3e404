"""`consortium destroy`: only what is meant dies, in an order that leaves no half a chain."""

from collections.abc import AsyncGenerator

import pytest

from consortium_operator.chain.naming import ChildPart
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.cli import destroy
from consortium_operator.cli.destruction import RETAINED_KINDS, doomed
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    PERSISTENT_VOLUME_CLAIM,
    SECRET,
    JsonObject,
    Kind,
    ObjectKey,
    key_of,
)
from consortium_operator.kube.person import Right
from consortium_operator.manifests.core import config_map
from consortium_operator.manifests.identity import node_key_secret
from consortium_operator.manifests.metadata import disposable, retained
from tests.chains import plan, resource
from tests.fakes.cluster import FakeCluster
from tests.fakes.faults import Fault, on
from tests.unit.cli.cluster import connect_to
from tests.unit.cli.commands import consortium
from tests.whole_chain import small_plan, whole_chain

PLAN = plan()
NODE = PLAN.nodes[0]
CHAIN = ObjectKey(CONSORTIUM_CHAIN, "chains", "trade")


class Cluster(FakeCluster):
    """With lists, as a person may make them. `forbidden`: what that person may not do."""

    forbidden: tuple[str, ...] = ()

    async def may(self, right: Right) -> bool:
        return str(right) not in self.forbidden

    async def list_pages(
        self, kind: Kind, namespace: str | None = None, label_selector: str = "", limit: int = 500
    ) -> AsyncGenerator[tuple[list[JsonObject], str], None]:
        wanted = dict(pair.split("=") for pair in label_selector.split(","))
        found = self.all(kind, namespace)
        yield [one for one in found if wanted.items() <= _labels(one).items()], "1"

    @property
    def uid(self) -> str:
        return str(self._stored[CHAIN].object["metadata"]["uid"])

    @property
    def names(self) -> list[str]:
        return [str(key_of(one)) for one in self.all()]


def _labels(obj: JsonObject) -> dict[str, str]:
    return dict(obj["metadata"].get("labels") or {})


def _pod() -> JsonObject:
    metadata = disposable(PLAN, NODE.names.pod, ChildPart.NODE, NODE)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    found = Cluster()
    found.put(resource())
    found.put(node_key_secret(PLAN, NODE, PrivateFiles({"node.pem": b"not a key"})))
    for name in (PLAN.key.genesis, PLAN.key.genesis_copy):
        found.put(config_map(retained(PLAN, name, ChildPart.GENESIS), {"a": "b"}))
    found.put(config_map(retained(PLAN, PLAN.key.journal, ChildPart.JOURNAL), {"a": "b"}))
    metadata = retained(PLAN, NODE.names.data(1), ChildPart.DATA, NODE)
    found.put({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata})
    brought = {"name": "brought-ca", "namespace": "chains"}
    found.put({"apiVersion": "v1", "kind": "Secret", "metadata": brought})
    other = retained(PLAN, "other-journal", ChildPart.JOURNAL)
    other["labels"]["consortium.dev/chain"] = "other"
    found.put(config_map(other, {}))

    connect_to(found, monkeypatch)
    monkeypatch.setattr(destroy, "_PAUSES", (0.0, 0.0))
    return found


OTHERS = ["ConfigMap chains/other-journal", "Secret chains/brought-ca"]


def test_the_chain_dies_whole_and_nothing_else(there: Cluster) -> None:
    done = consortium("destroy", "trade", stdin=f"{there.uid}\n")
    assert done.code == 0
    assert there.names == OTHERS


def test_what_dies_is_named_before_the_question(there: Cluster) -> None:
    done = consortium("destroy", "trade", stdin="")
    assert done.code == 1
    for name in (NODE.names.identity, NODE.names.data(1), PLAN.key.genesis, there.uid):
        assert name in done.stderr
    assert "brought-ca" not in done.stderr
    assert "no answer: nothing was destroyed; --uid answers" in done.stderr
    assert there.writes == []


@pytest.mark.parametrize("words", [("--uid", "another"), ()])
def test_another_uid_destroys_nothing(there: Cluster, words: tuple[str, ...]) -> None:
    done = consortium("destroy", "trade", *words, stdin="trade\n")
    assert done.code == 1
    assert "nothing was destroyed" in done.stderr
    assert there.writes == []


def test_a_protected_chain_is_refused_with_the_way_to_unprotect_it(there: Cluster) -> None:
    protected = {"deletionProtection": True}
    there.edit(CONSORTIUM_CHAIN, "trade", lambda obj: obj["spec"].update(protected))
    done = consortium("destroy", "trade", "--uid", there.uid)
    assert done.code == 1
    assert '{"spec":{"deletionProtection":false}}' in done.stderr
    assert there.writes == []


@pytest.mark.parametrize("right", ["delete persistentvolumeclaims", "delete configmaps"])
def test_who_could_not_finish_it_does_not_begin(there: Cluster, right: str) -> None:
    there.forbidden = (right,)
    done = consortium("destroy", "trade", "--uid", there.uid)
    assert done.code == 1
    assert f"you may not {right} in chains: nothing was destroyed" in done.stderr
    assert there.writes == []


def test_keys_go_first_and_the_genesis_last(there: Cluster) -> None:
    consortium("destroy", "trade", "--uid", there.uid)
    assert there.writes == [
        "delete ConsortiumChain chains/trade",
        f"delete Secret chains/{NODE.names.identity}",
        f"delete PersistentVolumeClaim chains/{NODE.names.data(1)}",
        f"delete ConfigMap chains/{PLAN.key.journal}",
        f"delete ConfigMap chains/{PLAN.key.genesis_copy}",
        f"delete ConfigMap chains/{PLAN.key.genesis}",
    ]


def test_what_is_left_of_a_deleted_chain_is_destroyed_by_the_uid_of_its_genesis(
    there: Cluster,
) -> None:
    there.remove(CHAIN)
    genesis = there.find(CONFIG_MAP, PLAN.key.genesis)
    assert genesis is not None
    done = consortium("destroy", "trade", "--uid", genesis["metadata"]["uid"], "-o", "json")
    assert done.code == 0
    assert done.json["destroyed"][0] == {"kind": "Secret", "name": NODE.names.identity}
    assert there.names == OTHERS


def test_keys_and_volumes_of_nodes_that_still_run_are_left_alone(there: Cluster) -> None:
    there.put(_pod())
    done = consortium("destroy", "trade", "--uid", there.uid)
    assert done.code == 1
    assert "pods still run (1)" in done.stderr
    assert there.find(SECRET, NODE.names.identity) is not None
    assert there.find(PERSISTENT_VOLUME_CLAIM, NODE.names.data(1)) is not None


def test_one_that_was_cut_short_is_finished_by_the_next(there: Cluster) -> None:
    refused = Forbidden(
        403, "Forbidden", "no", "delete", ObjectKey(PERSISTENT_VOLUME_CLAIM, "chains", "x")
    )
    fault = Fault(on("delete", PERSISTENT_VOLUME_CLAIM), error=lambda _: refused)
    there.faults.append(fault)
    done = consortium("destroy", "trade", "--uid", there.uid)
    assert done.code == 1
    assert "kubectl auth can-i --list" in done.stderr
    there.faults.clear()
    genesis = there.find(CONFIG_MAP, PLAN.key.genesis)
    assert genesis is not None
    assert consortium("destroy", "trade", "--uid", genesis["metadata"]["uid"]).code == 0
    assert there.names == OTHERS


def test_where_there_is_nothing_that_is_said(there: Cluster) -> None:
    done = consortium("destroy", "trde")
    assert done.code == 1
    assert "there is nothing of a chain trde in the namespace chains; see `kubectl" in done.stderr


def test_of_all_that_the_operator_makes_exactly_what_outlives_the_resource_dies() -> None:
    made = [one | {"metadata": one["metadata"] | {"uid": "1"}} for one in whole_chain(small_plan())]
    outlives = {key_of(one) for one in made if not one["metadata"].get("ownerReferences")}
    ordered = [one.key for one in doomed("trade", made)]
    assert set(ordered) == outlives
    assert {key.kind for key in outlives} == set(RETAINED_KINDS)
    assert ordered[-1].name == "trade-genesis"
