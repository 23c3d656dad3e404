"""Names that are somebody else's: told by name, never taken over, never changed."""

import json
from typing import Any

import pytest

from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    NETWORK_POLICY,
    PERSISTENT_VOLUME_CLAIM,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
)
from tests.api_server import Body, path_of
from tests.integration.operator.conftest import Namespaces, NewChain
from tests.integration.operator.support.chain import Chain, Versions, version_of
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until

NODE = "trade-webank-n-0"
POD = {"metadata": {"labels": {"app": "mallory"}}, "spec": {"containers": []}}
SELECTOR = {"matchLabels": {"app": "mallory"}}

# One of each name that a chain of the member webank with the node n-0 needs.
NAMES: dict[Kind, list[str]] = {
    SECRET: [
        *("trade-webank-node-ca-1", "trade-webank-client-ca-1"),
        *("trade-webank-client", "trade-webank-operator-client"),
        *(f"{NODE}-identity", f"{NODE}-tls-1", "trade-admin"),
    ],
    CONFIG_MAP: [
        *("trade-webank-node-ca-1", "trade-webank-client-ca-1"),
        *("trade-webank-client", "trade-webank-operator-client"),
        *(f"{NODE}-identity", f"{NODE}-peers", "trade-admin"),
        *("trade-genesis", "trade-genesis-copy", "trade-trust", "trade-journal"),
    ],
    SERVICE: [NODE, "trade-webank-rpc"],
    NETWORK_POLICY: ["trade-p2p", "trade-rpc-clients"],
    PERSISTENT_VOLUME_CLAIM: [f"{NODE}-data-g1"],
    STATEFUL_SET: [NODE],
}


def foreign(kind: Kind) -> Body:
    """Somebody's object, as far as the API server needs it."""
    contents: dict[Kind, Body] = {
        SECRET: {"stringData": {"node.pem": "mine"}},
        CONFIG_MAP: {"data": {"config.genesis": "mine"}},
        SERVICE: {"spec": {"selector": {"app": "mallory"}, "ports": [{"port": 80}]}},
        NETWORK_POLICY: {"spec": {"podSelector": SELECTOR}},
        PERSISTENT_VOLUME_CLAIM: {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
            }
        },
        STATEFUL_SET: {
            "spec": {
                "replicas": 0,
                "serviceName": "mine",
                "selector": SELECTOR,
                "template": POD | {"spec": {"containers": [{"name": "a", "image": "a"}]}},
            }
        },
    }
    return contents[kind]


def foreign_versions(chain: Chain, names: set[tuple[Kind, str]]) -> Versions:
    found = [chain.get(kind, name) for kind, name in names]
    return {path_of(obj): version_of(obj) for obj in found if obj is not None}


@pytest.mark.campaign
def test_a_foreign_object_under_any_name_is_told_and_left_alone_until_it_goes(
    new_chain: NewChain,
) -> None:
    """All names are taken at first. Whatever the chain complains of is removed, until it runs."""
    chain = new_chain()
    left = {(kind, name) for kind, names in NAMES.items() for name in names}
    for kind, name in left:
        chain.api.create(kind, chain.namespace, foreign(kind) | {"metadata": {"name": name}})
    before = foreign_versions(chain, left)
    chain.create()
    while left:
        named = wait_told(chain, left)
        assert foreign_versions(chain, left).items() <= before.items()
        for kind, name in named:
            chain.api.delete(kind, chain.namespace, name)
        left -= named
        if left:
            chain.poke()
    # The last one without a poke: nobody tells the operator that a foreign object is gone.
    chain.wait_founded()
    assert not {version[0] for version in before.values()} & {
        uid for uid, _ in chain.versions().values()
    }


def wait_told(chain: Chain, names: set[tuple[Kind, str]]) -> set[tuple[Kind, str]]:
    return wait_until(lambda: told(chain) & names, "a name of those taken", chain.report)


def told(chain: Chain) -> set[tuple[Kind, str]]:
    condition: dict[str, Any] = chain.conditions().get("SpecValid", {})
    if condition.get("reason") != "NameConflict":
        return set()
    message = condition["message"]
    return {
        (kind, name)
        for kind, names in NAMES.items()
        for name in names
        if f"{kind} {name} exists" in message
    }


@pytest.mark.campaign
def test_two_chains_whose_names_collide_do_not_touch_each_other(new_chain: NewChain) -> None:
    def of(member: str) -> list[Body]:
        return [{"name": member, "nodes": [{"name": "n"}]}]

    first = new_chain(name="trade", of=of("east-port"))
    first.found()
    before = first.versions()
    second = new_chain(name="trade-east", of=of("port"))
    second.create()
    told = second.wait("SpecValid", "False", "NameConflict")
    assert "trade-east-port-" in told["message"]
    second.wait_still()
    assert first.versions() == before
    assert not any("StatefulSet" in path for path in second.versions())
    # What a deleted chain leaves behind is still its own.
    first.delete()
    first.wait_collected()
    left = first.versions()
    second.poke()
    second.wait("SpecValid", "False", "NameConflict")
    second.wait_still()
    assert first.versions() == left
    second.delete()
    first.found()
    assert left.keys() <= first.versions().keys()


@pytest.mark.campaign
def test_chains_of_one_name_in_two_namespaces_share_nothing(
    new_chain: NewChain, namespaces: Namespaces
) -> None:
    here, there = new_chain(), new_chain(namespaces.make())
    here.create()
    there.create()
    here.wait_founded()
    there.wait_founded()
    assert set(map(shape, here.children())) == set(map(shape, there.children()))
    keys = [json.dumps(obj["data"]) for one in (here, there) for obj in one.children(SECRET)]
    assert len(set(keys)) == len(keys)
    genesis = [one.resource()["status"]["genesis"]["sha256"] for one in (here, there)]
    assert genesis[0] != genesis[1]


def shape(obj: Body) -> str:
    """Its path without the hash of what it holds."""
    path = path_of(obj)
    is_hashed = "-cert-" in path or "-config-" in path
    return path[:-10] if is_hashed else path


def test_of_two_chains_with_one_id_the_younger_waits_for_the_elder(
    new_chain: NewChain, namespaces: Namespaces
) -> None:
    """A transaction names chain and group, and nothing else: it could be replayed on the twin."""
    elder = new_chain(name="b")
    elder.create()
    elder.wait("SpecValid", "True")
    wait_until(is_a_second_older(elder), "the clock moves on", elder.report)
    younger = new_chain(namespaces.make(), name="a", chainId=elder.manifest["spec"]["chainId"])
    younger.create()
    told = younger.wait("SpecValid", "False", "ChainIdNotUnique")
    assert f"{elder.namespace}/b" in told["message"]
    assert younger.children() == []
    elder.wait_founded()
    # Nobody touches the younger one.
    elder.delete()
    younger.wait_founded(seconds=10)


def is_a_second_older(chain: Chain) -> Any:
    """Age has a grain of a second."""
    created = chain.resource()["metadata"]["creationTimestamp"]

    def look() -> bool:
        probe = {"metadata": {"generateName": "clock-"}}
        now = chain.api.create(CONFIG_MAP, chain.namespace, probe)
        return bool(now["metadata"]["creationTimestamp"] > created)

    return look


@pytest.mark.campaign
def test_objects_that_somebody_nests_without_end_keep_nobody_from_being_served(
    new_chain: NewChain, namespaces: Namespaces, operator: OperatorProcess
) -> None:
    """managedFields is anybody's to write. Found at the start, and met by the running operator."""
    mallory = new_chain(namespaces.make(bound=False), name="mallory")
    mallory.manifest["metadata"]["managedFields"] = [nested("f:spec", "consortium.dev/v1alpha1")]
    labels = {"consortium.dev/chain": "mallory"}
    for moment in ("before", "after"):
        metadata = {"name": moment, "labels": labels, "managedFields": [nested("f:data", "v1")]}
        mallory.api.create(CONFIG_MAP, mallory.namespace, {"metadata": metadata})
        if moment == "before":
            mallory.create()
            operator.restart()
    mallory.poke()
    new_chain().found()


def nested(field: str, version: str) -> Body:
    """Nearly as deep as the API server takes it."""
    deep: Body = {}
    for _ in range(9_900):
        deep = {"f:a": deep}
    return {
        "manager": "mallory",
        "operation": "Update",
        "apiVersion": version,
        "fieldsType": "FieldsV1",
        "fieldsV1": {field: deep},
    }
