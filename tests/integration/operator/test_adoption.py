"""A chain whose resource is deleted keeps its keys, genesis and data; the resource written anew
takes them up, and only if it says the same."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    PERSISTENT_VOLUME_CLAIM,
    SECRET,
    SERVICE,
    STATEFUL_SET,
)
from tests.api_server import Api, Body, Refused, labels_of, path_of
from tests.integration.operator.conftest import Namespaces, NewChain, violations_of
from tests.integration.operator.support.chain import Chain, Versions
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until


def retained(chain: Chain) -> Versions:
    return {
        path: version
        for path, version in chain.versions(SECRET, CONFIG_MAP, PERSISTENT_VOLUME_CLAIM).items()
        if path in RETAINED
    }


RETAINED = {
    *(f"Secret/trade-webank-{key}" for key in ("node-ca-1", "client-ca-1")),
    *(f"ConfigMap/trade-webank-{key}" for key in ("node-ca-1", "client-ca-1")),
    *("Secret/trade-webank-client", "Secret/trade-webank-operator-client"),
    *("Secret/trade-webank-n-0-identity", "Secret/trade-webank-n-0-tls-1"),
    *("ConfigMap/trade-webank-n-0-identity", "PersistentVolumeClaim/trade-webank-n-0-data-g1"),
    *("Secret/trade-admin", "ConfigMap/trade-admin"),
    *("ConfigMap/trade-genesis", "ConfigMap/trade-genesis-copy", "ConfigMap/trade-journal"),
}


def delete_and_wait(chain: Chain) -> Versions:
    """What is left once the garbage collector is done."""
    chain.delete()
    chain.wait_collected()
    left = chain.versions()
    assert set(left) <= RETAINED
    return left


@pytest.fixture(scope="module")
def deleted(api: Api, namespaces: Namespaces, operator: OperatorProcess) -> tuple[Chain, Versions]:
    """A chain that was founded and deleted, and what it has left behind. Its tests end so too."""
    chain = Chain(api, namespaces.make(), operator.log)
    chain.found()
    before = retained(chain)
    assert set(before) == RETAINED
    left = delete_and_wait(chain)
    assert left == before
    return chain, left


@contextmanager
def written_anew(chain: Chain, **spec: Any) -> Iterator[None]:
    """The resource exists again, with some fields replaced, until the end of the block."""
    original = chain.manifest["spec"]
    chain.manifest["spec"] = original | spec
    chain.create()
    try:
        yield
    finally:
        delete_and_wait(chain)
        chain.manifest["spec"] = original


def test_a_deleted_chain_leaves_its_keys_genesis_and_data_and_nothing_else(
    deleted: tuple[Chain, Versions], operator: OperatorProcess
) -> None:
    chain, left = deleted
    assert chain.get(CONSORTIUM_CHAIN, chain.name) is None
    operator.restart()
    assert chain.versions() == left


def test_a_chain_written_anew_takes_up_what_was_left(deleted: tuple[Chain, Versions]) -> None:
    chain, left = deleted
    with written_anew(chain):
        chain.wait_founded()
        # The journal is written on, and stays the same object.
        journal = "ConfigMap/trade-journal"
        found = retained(chain)
        assert found | {journal: left[journal]} == left
        assert found[journal][0] == left[journal][0]
        owner = chain.resource()["metadata"]["uid"]
        (node,) = chain.children(STATEFUL_SET)
        assert node["metadata"]["ownerReferences"][0]["uid"] == owner


def test_a_service_comes_back_with_its_address(deleted: tuple[Chain, Versions]) -> None:
    """Running nodes of other clusters and members resolved it once."""
    chain, _ = deleted
    journal = chain.get(CONFIG_MAP, "trade-journal")
    assert journal is not None
    address = json.loads(journal["data"]["trade-webank-n-0"])["cluster_ip"]
    with written_anew(chain):
        service = wait_until(
            lambda: chain.get(SERVICE, "trade-webank-n-0"), "its Service", chain.report
        )
        assert service["spec"]["clusterIP"] == address
        chain.wait_founded()


CONTRADICTIONS: dict[str, Body] = {
    "spec.fiscoBcos.groupId": {"fiscoBcos": {"groupId": "group1"}},
    "spec.chainId": {"chainId": "another"},
    "spec.fiscoBcos.genesis.gasLimit": {"fiscoBcos": {"genesis": {"gasLimit": 2000000000}}},
    "spec.fiscoBcos.executor.authCheck": {"fiscoBcos": {"executor": {"authCheck": False}}},
    "spec.fiscoBcos.consensus.blockTxCountLimit": {
        "fiscoBcos": {"consensus": {"blockTxCountLimit": 500}}
    },
    "spec.fiscoBcos.ledger.keyPageSize": {"fiscoBcos": {"ledger": {"keyPageSize": 10240}}},
}


@pytest.mark.parametrize("field", CONTRADICTIONS)
def test_a_chain_written_anew_that_contradicts_is_refused_and_nothing_is_changed(
    deleted: tuple[Chain, Versions], field: str
) -> None:
    chain, _ = deleted
    before = chain.versions()
    with written_anew(chain, **CONTRADICTIONS[field]):
        told = chain.wait("IdentitiesIntact", "False", "RetainedDataConflict", says=field)
        assert told["message"].startswith(field), told["message"]
        assert chain.conditions()["Stalled"]["status"] == "True"
        assert chain.conditions()["Ready"]["reason"] == "RetainedDataConflict"
        assert chain.versions() == before


def test_children_that_were_orphaned_are_taken_up(new_chain: NewChain) -> None:
    """kubectl delete --cascade=orphan, then the same resource again."""
    chain = new_chain()
    chain.found()
    before = chain.versions()
    chain.api.delete(CONSORTIUM_CHAIN, chain.namespace, chain.name, policy="Orphan")
    wait_until(
        lambda: (
            chain.get(CONSORTIUM_CHAIN, chain.name) is None
            and not any(one["metadata"].get("ownerReferences") for one in chain.children())
        ),
        "the children have no owner",
        chain.report,
    )
    chain.found()
    owner = chain.resource()["metadata"]["uid"]
    for obj in chain.children():
        owners = [one["uid"] for one in obj["metadata"].get("ownerReferences", [])]
        assert owners == ([] if path_of(obj) in RETAINED else [owner]), path_of(obj)
    uids = {path: uid for path, (uid, _) in before.items()}
    assert {path: uid for path, (uid, _) in chain.versions().items()} == uids


def restore(chain: Chain, objects: list[Body]) -> None:
    """As a backup tool does it: what is there stays, and without status, owners and what the
    server writes."""
    for obj in objects:
        metadata = {k: obj["metadata"].get(k) for k in ("name", "labels", "annotations")}
        body: dict[str, Any] = {k: v for k, v in obj.items() if k != "status"}
        body["metadata"] = metadata
        if obj["kind"] == "PersistentVolumeClaim":
            body["spec"] = {k: obj["spec"][k] for k in ("accessModes", "resources")}
        try:
            chain.api.create(KINDS[obj["kind"]], chain.namespace, body)
        except Refused as refused:
            if refused.status != 409:
                raise


KINDS = {kind.kind: kind for kind in (SECRET, CONFIG_MAP, PERSISTENT_VOLUME_CLAIM)}


def backup_of(chain: Chain) -> dict[str, list[Body]]:
    """What outlives a chain, by what it is."""
    found: dict[str, list[Body]] = {"keys": [], "genesis": [], "registers": [], "volumes": []}
    for obj in chain.children():
        if path_of(obj) in RETAINED:
            what = {"Secret": "keys", "PersistentVolumeClaim": "volumes"}.get(obj["kind"])
            part = labels_of(obj)["consortium.dev/part"]
            found[what or ("genesis" if part == "genesis" else "registers")].append(obj)
    return found


RESOURCE = "the resource"
ORDERS = {
    "the resource last": ("keys", "registers", "genesis", "volumes", RESOURCE),
    "genesis first": ("genesis", RESOURCE, "volumes", "registers", "keys"),
    "volumes first": ("volumes", RESOURCE, "registers", "genesis", "keys"),
    "registers first": ("registers", RESOURCE, "volumes", "keys", "genesis"),
    "pinned, the resource first": (RESOURCE, "volumes", "genesis", "registers", "keys"),
    "pinned, keys in the middle": (RESOURCE, "registers", "keys", "volumes", "genesis"),
}


@pytest.fixture(scope="module")
def lost(
    api: Api, namespaces: Namespaces, operator: OperatorProcess
) -> tuple[Chain, dict[str, list[Body]], Body]:
    """A chain that is gone, its backup, and its last status."""
    chain = Chain(api, namespaces.make(), operator.log)
    chain.found()
    backup, status = backup_of(chain), chain.resource()["status"]
    assert sum(map(len, backup.values())) == len(RETAINED)
    chain.delete()
    return chain, backup, status


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("the resource last", marks=pytest.mark.campaign),
        pytest.param("genesis first", marks=pytest.mark.campaign),
        "pinned, the resource first",
        pytest.param("volumes first", marks=pytest.mark.campaign),
        pytest.param("registers first", marks=pytest.mark.campaign),
        pytest.param("pinned, keys in the middle", marks=pytest.mark.campaign),
    ],
)
def test_a_backup_may_come_back_in_any_order(
    lost: tuple[Chain, dict[str, list[Body]], Body],
    new_chain: NewChain,
    operator: OperatorProcess,
    name: str,
) -> None:
    """Restored elsewhere. Before all of it is there the operator waits, and makes no key. Only that
    the resource came first it could not know, so there its genesis is pinned."""
    _, backup, status = lost
    chain = new_chain()
    chain.manifest["spec"] = lost[0].manifest["spec"] | (
        {"fiscoBcos": {"genesisSha256": status["genesis"]["sha256"]}} if "pinned" in name else {}
    )
    since = chain.api.version(chain.namespace)
    secrets = {path_of(one): one["data"] for one in backup["keys"]}
    for what in ORDERS[name]:
        if what == RESOURCE:
            chain.create()
        else:
            restore(chain, backup[what])
        if chain.api.get(CONSORTIUM_CHAIN, chain.namespace, chain.name) is not None:
            operator.look_again(chain.poke)
        found = {path_of(one): one["data"] for one in chain.children(SECRET)}
        assert found.items() <= secrets.items(), f"after {what}: {sorted(found)}"
    chain.poke()
    chain.wait_founded()
    assert {path_of(one): one["data"] for one in chain.children(SECRET)} == secrets
    found = chain.resource()["status"]
    assert found["genesis"]["sha256"] == status["genesis"]["sha256"]
    assert [m["nodes"][0]["nodeId"] for m in found["members"]] == [
        m["nodes"][0]["nodeId"] for m in status["members"]
    ]
    made = [e.path for e in chain.api.history(chain.namespace, since) if e.actor == "operator"]
    assert not [path for path in made if path.startswith("Secret/")]


# The operator is away for long.


@pytest.mark.campaign
def test_a_resource_that_was_written_anew_while_nobody_looked_is_taken_up(
    new_chain: NewChain, operator: OperatorProcess, api: Api
) -> None:
    """With other settings that may change, and after children were edited and deleted."""
    chain = new_chain()
    since = api.version(chain.namespace)
    chain.found()
    before, old = retained(chain), chain.resource()["metadata"]["uid"]
    operator.stop()
    api.patch(CONFIG_MAP, chain.namespace, "trade-trust", {"data": {"ffffffff.0": "mallory"}})
    api.delete(SERVICE, chain.namespace, "trade-webank-rpc")
    chain.edit(nodeDefaults={"podLabels": {"team": "first"}})
    delete_and_wait(chain)
    chain.manifest["spec"]["nodeDefaults"]["podLabels"] = {"team": "second"}
    chain.create()
    operator.start()
    chain.wait_founded()
    journal = "ConfigMap/trade-journal"
    assert retained(chain) | {journal: before[journal]} == before
    new = chain.resource()["metadata"]["uid"]
    owners = {
        one["uid"] for obj in chain.children() for one in obj["metadata"].get("ownerReferences", [])
    }
    assert owners == {new} != {old}
    (node,) = chain.children(STATEFUL_SET)
    assert node["spec"]["template"]["metadata"]["labels"]["team"] == "second"
    trust = chain.get(CONFIG_MAP, "trade-trust")
    assert trust is not None
    assert "ffffffff.0" not in trust["data"]
    assert violations_of(api, chain.namespace, since) == []


@pytest.mark.campaign
def test_a_resource_that_was_deleted_while_nobody_looked_stays_gone(
    new_chain: NewChain, operator: OperatorProcess, api: Api
) -> None:
    chain, other = new_chain(), new_chain(name="other")
    chain.found()
    operator.stop()
    left = delete_and_wait(chain)
    operator.start()
    other.found()
    assert chain.versions() == left


@pytest.mark.campaign
def test_a_resource_that_is_deleted_while_it_is_founded_is_founded_when_it_comes_again(
    new_chain: NewChain, api: Api
) -> None:
    """At some moments of the founding; at all of them in the long campaign of the crashes."""
    chain = new_chain()
    since = api.version(chain.namespace)
    for objects in (1, 9, 20):
        chain.create()
        _wait_for_objects(chain, objects)
        delete_and_wait(chain)
    chain.found()
    assert set(retained(chain)) == RETAINED
    assert violations_of(api, chain.namespace, since) == []


def _wait_for_objects(chain: Chain, number: int) -> None:
    wait_until(lambda: len(chain.children()) >= number, f"{number} objects", chain.report)
