"""What people and other controllers do to children: disposable ones come back exactly as they
were, what others may own stays theirs, and no pod is disturbed by any of it."""

from collections.abc import Callable
from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    NETWORK_POLICY,
    POD,
    POD_DISRUPTION_BUDGET,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    JsonObject,
    Kind,
)
from consortium_operator.kube.ownership import foreign_managers
from tests.fakes.operator import Stage

NODE = "trade-webank-node-0"
Change = Callable[[JsonObject], Any]


def _content(obj: JsonObject | None) -> JsonObject:
    """What a child is, apart from what a server counts."""
    assert obj is not None
    metadata = obj["metadata"]
    kept = {k: metadata.get(k) for k in ("labels", "annotations", "ownerReferences")}
    return {k: v for k, v in obj.items() if k not in ("metadata", "status")} | {"metadata": kept}


def _set(path: str, value: Any) -> Change:
    def change(obj: JsonObject) -> None:
        *steps, last = path.split(".")
        holder: Any = obj
        for step in steps:
            holder = holder[int(step)] if step.isdigit() else holder.setdefault(step, {})
        holder[last] = value

    return change


def _sidecar(obj: JsonObject) -> None:
    containers = obj["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "spy", "image": "spy"})


EDITS: list[Any] = [
    pytest.param(SERVICE, NODE, _set("spec.selector.app", "x"), id="extra-selector"),
    pytest.param(SERVICE, NODE, _set("spec.publishNotReadyAddresses", False), id="changed-field"),
    pytest.param(SERVICE, NODE, _set("spec.sessionAffinity", "ClientIP"), id="changed-default"),
    pytest.param(SERVICE, "trade-webank-rpc", _set("spec.ports", []), id="emptied-list"),
    pytest.param(CONFIG_MAP, f"{NODE}-peers", _set("data.extra", "x"), id="extra-key"),
    pytest.param(CONFIG_MAP, "trade-trust", _set("data", {}), id="emptied"),
    pytest.param(CONFIG_MAP, "trade-webank-client", _set("data.extra", "x"), id="client"),
    pytest.param(NETWORK_POLICY, "trade-p2p", _set("spec.ingress", []), id="opened"),
    pytest.param(
        POD_DISRUPTION_BUDGET, "trade-sealers", _set("spec.minAvailable", 0), id="weakened"
    ),
    pytest.param(STATEFUL_SET, NODE, _sidecar, id="sidecar"),
    pytest.param(
        STATEFUL_SET, NODE, _set("spec.template.spec.containers.0.image", "bad"), id="image"
    ),
    pytest.param(
        STATEFUL_SET, NODE, _set("spec.updateStrategy", {"type": "RollingUpdate"}), id="strategy"
    ),
    pytest.param(
        STATEFUL_SET, NODE, _set("spec.template.metadata.annotations.restartedAt", "now"), id="roll"
    ),
]


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize(("kind", "name", "change"), EDITS)
async def test_an_edited_child_is_brought_back_exactly(
    running: Stage, kind: Kind, name: str, change: Change, restarted: bool
) -> None:
    before = running.cluster.find(kind, name)
    pods = [pod["metadata"]["uid"] for pod in running.cluster.all(POD)]
    running.cluster.edit(kind, name, change)
    assert _content(running.cluster.find(kind, name)) != _content(before)
    if restarted:
        running.start()
    running.hear()
    await running.act()
    after = running.cluster.find(kind, name)
    assert _content(after) == _content(before)
    assert after is not None
    assert not foreign_managers(after)
    await running.settle()
    assert [pod["metadata"]["uid"] for pod in running.cluster.all(POD)] == pods
    assert running.told(ConditionType.READY) == "True/AsExpected"
    running.cluster.forget_calls()
    await running.round()
    assert running.cluster.calls == []


@pytest.mark.parametrize("replicas", [0, 2])
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
async def test_a_scaled_node_is_one_pod_again(
    running: Stage, replicas: int, restarted: bool
) -> None:
    running.cluster.edit(
        STATEFUL_SET, NODE, _set("spec.replicas", replicas), manager="kubectl", subresource="scale"
    )
    running.nodes.silent.add("trade-huawei-node-0")  # the guard would say no
    if restarted:
        running.start()
    running.hear()
    await running.act()
    found = running.cluster.find(STATEFUL_SET, NODE)
    assert found is not None
    assert found["spec"]["replicas"] == 1


async def test_a_foreign_template_is_undone_while_the_guard_would_refuse(running: Stage) -> None:
    """A drain would start the pod with it."""
    running.nodes.silent = {"trade-huawei-node-0", "trade-tencent-node-0"}
    running.cluster.edit(STATEFUL_SET, NODE, _sidecar)
    running.hear()
    await running.act()
    found = running.cluster.find(STATEFUL_SET, NODE)
    assert found is not None
    assert len(found["spec"]["template"]["spec"]["containers"]) == 1
    assert running.cluster.verbs["evict"] == 0


CLIENTS = ["trade-webank-client", "trade-webank-operator-client"]
DISPOSABLE = [
    (SERVICE, NODE),
    (SERVICE, "trade-webank-rpc"),
    (CONFIG_MAP, f"{NODE}-peers"),
    (CONFIG_MAP, "trade-trust"),
    (CONFIG_MAP, f"{NODE}-config-"),
    (CONFIG_MAP, f"{NODE}-cert-"),
    (NETWORK_POLICY, "trade-p2p"),
    (NETWORK_POLICY, "trade-rpc-clients"),
    (POD_DISRUPTION_BUDGET, "trade-sealers"),
    (STATEFUL_SET, NODE),
]


def _full_name(stage: Stage, kind: Kind, beginning: str) -> str:
    names = [obj["metadata"]["name"] for obj in stage.cluster.all(kind)]
    return str(next(name for name in names if name.startswith(beginning)))


@pytest.mark.parametrize(("kind", "beginning"), DISPOSABLE, ids=str)
async def test_a_deleted_child_comes_back_as_it_was(
    running: Stage, kind: Kind, beginning: str
) -> None:
    name = _full_name(running, kind, beginning)
    before = running.cluster.delete_by_hand(kind, name)
    await running.settle()
    assert _content(running.cluster.find(kind, name)) == _content(before)
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert running.cluster.verbs["evict"] == 0


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_deleted_client_certificate_is_issued_anew_for_the_same_key(
    running: Stage, name: str
) -> None:
    key = running.cluster.find(SECRET, name)
    before = running.cluster.delete_by_hand(CONFIG_MAP, name)
    await running.settle()
    after = running.cluster.find(CONFIG_MAP, name)
    assert after is not None
    assert after["data"]["ca.crt"] == before["data"]["ca.crt"]
    assert after["data"].keys() == before["data"].keys()
    assert running.cluster.find(SECRET, name) == key
    assert running.told(ConditionType.READY) == "True/AsExpected"


@pytest.mark.parametrize(
    ("label", "removed"),
    [
        ("consortium.dev/chain", True),
        ("consortium.dev/chain", False),
        ("consortium.dev/part", False),
    ],
)
@pytest.mark.parametrize(("kind", "beginning"), DISPOSABLE, ids=str)
async def test_a_relabelled_child_is_brought_back(
    running: Stage, kind: Kind, beginning: str, label: str, removed: bool
) -> None:
    name = _full_name(running, kind, beginning)
    before = running.cluster.find(kind, name)

    def relabel(obj: JsonObject) -> None:
        del obj["metadata"]["labels"][label]
        if not removed:
            obj["metadata"]["labels"][label] = "other"

    running.cluster.edit(kind, name, relabel)
    await running.settle()
    assert _content(running.cluster.find(kind, name)) == _content(before)
    assert running.told(ConditionType.READY) == "True/AsExpected"


@pytest.mark.parametrize(("kind", "beginning"), DISPOSABLE, ids=str)
async def test_a_child_that_lost_its_owner_has_it_back(
    running: Stage, kind: Kind, beginning: str
) -> None:
    name = _full_name(running, kind, beginning)
    before = running.cluster.find(kind, name)
    running.cluster.edit(kind, name, lambda obj: obj["metadata"].pop("ownerReferences"))
    await running.settle()
    assert _content(running.cluster.find(kind, name)) == _content(before)


@pytest.mark.parametrize("part", ["config", "cert"])
async def test_settings_replaced_under_their_name_are_put_back(running: Stage, part: str) -> None:
    name = _full_name(running, CONFIG_MAP, f"{NODE}-{part}-")
    before = running.cluster.delete_by_hand(CONFIG_MAP, name)
    metadata = {k: before["metadata"][k] for k in ("name", "namespace", "labels")}
    running.cluster.put(before | {"metadata": metadata, "data": {"config.ini": "mine"}})
    await running.settle()
    assert _content(running.cluster.find(CONFIG_MAP, name)) == _content(before)


async def test_labels_and_annotations_of_others_stay(running: Stage) -> None:
    for kind, beginning in DISPOSABLE:

        def note(obj: JsonObject) -> None:
            obj["metadata"]["labels"]["team"] = "ledger"
            obj["metadata"].setdefault("annotations", {})["note"] = "x"

        name = _full_name(running, kind, beginning)
        running.cluster.edit(kind, name, note)
    running.nodes.silent = {NODE}  # something to write meanwhile
    await running.settle()
    running.start()
    await running.settle()
    for kind, beginning in DISPOSABLE:
        found = running.cluster.find(kind, _full_name(running, kind, beginning))
        assert found is not None
        assert found["metadata"]["labels"]["team"] == "ledger"
        assert found["metadata"]["annotations"]["note"] == "x"


async def test_a_service_comes_back_with_its_address(running: Stage) -> None:
    addresses = running.addresses()
    for name in addresses:
        running.cluster.delete_by_hand(SERVICE, name)
    running.start()
    await running.settle()
    assert running.addresses() == addresses


async def test_a_service_whose_address_was_taken_gets_another(running: Stage) -> None:
    """A chain restored into a cluster of another range must not wait for ever."""
    old = running.addresses()[NODE]
    running.cluster.delete_by_hand(SERVICE, NODE)
    running.cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "squatter", "namespace": "chains"},
            "spec": {"clusterIP": old},
        }
    )
    await running.settle()
    assert running.addresses()[NODE] not in ("", old)
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert old not in str(running.cluster.find(CONFIG_MAP, "trade-journal"))
