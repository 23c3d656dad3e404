"""Whatever is done to a disposable child, it comes back as it was; what others added to its labels
and annotations stays."""

from collections.abc import Callable
from typing import Any

import pytest

from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    NETWORK_POLICY,
    SERVICE,
    STATEFUL_SET,
    Kind,
)
from tests.api_server import CHILDREN, Api, Body, labels_of, path_of
from tests.integration.operator.conftest import Namespaces
from tests.integration.operator.support.chain import Chain, members
from tests.integration.operator.support.difference import differences
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until

KINDS = {kind.kind: kind for kind in CHILDREN}
NODE = "trade-webank-n-0"


@pytest.fixture(scope="module")
def chain(api: Api, namespaces: Namespaces, operator: OperatorProcess) -> Chain:
    """Two members: the trust directory and the peers of each then have something to lose."""
    chain = Chain(api, namespaces.make(), operator.log, of=members("tencent", "webank"))
    chain.found()
    return chain


def content(obj: Body) -> Body:
    """All of an object that anybody could wish for."""
    metadata = obj["metadata"]
    found = {name: value for name, value in obj.items() if name not in ("metadata", "status")}
    return found | {
        "labels": metadata.get("labels"),
        "annotations": metadata.get("annotations"),
        "owners": metadata.get("ownerReferences"),
    }


def disposable(chain: Chain) -> dict[str, Body]:
    """Path → content."""
    return {
        path_of(obj): content(obj)
        for obj in chain.children()
        if obj["metadata"].get("ownerReferences")
    }


def key(path: str) -> tuple[Kind, str]:
    kind, _, name = path.partition("/")
    return KINDS[kind], name


def look(chain: Chain, path: str) -> Body | None:
    kind, name = key(path)
    found = chain.get(kind, name)
    return content(found) if found is not None else None


def damaged(chain: Chain, wanted: dict[str, Body]) -> list[str]:
    return [path for path, body in wanted.items() if look(chain, path) != body]


def wait_repaired(chain: Chain, wanted: dict[str, Body]) -> None:
    def what() -> str:
        told = [differences(look(chain, path), body, path) for path, body in wanted.items()]
        return "\n".join([*(line for lines in told for line in lines), chain.report()])

    wait_until(lambda: not damaged(chain, wanted), "everything as it was", what)


def each(chain: Chain, paths: dict[str, Body], patch: Any) -> None:
    for path in paths:
        kind, name = key(path)
        chain.api.patch(kind, chain.namespace, name, patch)


def is_client(path: str) -> bool:
    return path.endswith(("-client", "-operator-client"))


def test_what_was_deleted_comes_back_as_it_was(chain: Chain) -> None:
    """Services with their address, which running nodes have resolved and kept."""
    before = disposable(chain)
    assert {path.partition("/")[0] for path in before} == {
        "ConfigMap",
        "Service",
        "NetworkPolicy",
        "StatefulSet",
    }
    # A client's certificate is made anew: there is a test of its own for it.
    wanted = {path: body for path, body in before.items() if not is_client(path)}
    for path in wanted:
        chain.api.delete(key(path)[0], chain.namespace, key(path)[1])
    wait_repaired(chain, wanted)
    chain.wait_still()
    assert set(disposable(chain)) == set(before)


def test_a_deleted_client_certificate_is_made_anew_for_the_same_key(chain: Chain) -> None:
    name = "trade-webank-client"
    before = chain.get(CONFIG_MAP, name)
    assert before is not None
    secrets = chain.versions(KINDS["Secret"])
    chain.api.delete(CONFIG_MAP, chain.namespace, name)
    after = wait_until(lambda: chain.get(CONFIG_MAP, name), name, chain.report)
    assert after["data"]["ca.crt"] == before["data"]["ca.crt"]
    assert after["data"].keys() == before["data"].keys()
    assert chain.versions(KINDS["Secret"]) == secrets


def container(chain: Chain) -> Body:
    found = chain.get(STATEFUL_SET, NODE)
    assert found is not None
    pod: Body = found["spec"]["template"]["spec"]
    first: Body = pod["containers"][0]
    return first


def foreign_container(chain: Chain) -> Any:
    spy = container(chain) | {"name": "spy", "image": "registry.example/spy:1"}
    return [{"op": "add", "path": "/spec/template/spec/containers/-", "value": spy}]


Edit = Callable[[Chain], Any]
EDITS: dict[str, tuple[Kind, str, Edit]] = {
    "a file is added to the trusted CAs": (
        CONFIG_MAP,
        "trade-trust",
        lambda _: {"data": {"ffffffff.0": "mallory's CA"}},
    ),
    "all trusted CAs are emptied": (
        CONFIG_MAP,
        "trade-trust",
        lambda chain: {
            # A founded chain has it: `get` is never None here.
            "data": dict.fromkeys(chain.get(CONFIG_MAP, "trade-trust")["data"], "")  # type: ignore[index]
        },
    ),
    "a peer is lost": (
        CONFIG_MAP,
        f"{NODE}-peers",
        lambda _: {"data": {"nodes.json": '{"nodes":[]}'}},
    ),
    "a Service forgets pods that are not ready": (
        SERVICE,
        NODE,
        lambda _: {"spec": {"publishNotReadyAddresses": False}},
    ),
    "a Service chooses other pods": (
        SERVICE,
        NODE,
        lambda _: {"spec": {"selector": {"app": "mallory"}}},
    ),
    "a Service opens another port": (
        SERVICE,
        "trade-webank-rpc",
        lambda _: [
            {"op": "add", "path": "/spec/ports/-", "value": {"name": "ssh", "port": 22}},
        ],
    ),
    "a Service is opened to the world": (
        SERVICE,
        "trade-tencent-rpc",
        lambda _: {"spec": {"type": "NodePort"}},
    ),
    "a NetworkPolicy lets everybody in": (
        NETWORK_POLICY,
        "trade-rpc-clients",
        lambda _: [{"op": "add", "path": "/spec/ingress/-", "value": {}}],
    ),
    "a NetworkPolicy is for other pods": (
        NETWORK_POLICY,
        "trade-p2p",
        lambda _: {"spec": {"podSelector": {"matchLabels": {"app": "mallory"}}}},
    ),
    "a StatefulSet gets a foreign container": (STATEFUL_SET, NODE, foreign_container),
    "a default of a StatefulSet is changed": (
        STATEFUL_SET,
        NODE,
        lambda _: {"spec": {"template": {"spec": {"schedulerName": "mallory"}}}},
    ),
    "a StatefulSet is scaled to nothing": (
        STATEFUL_SET,
        "trade-tencent-n-0",
        lambda _: {"spec": {"replicas": 0}},
    ),
    "a StatefulSet rolls by itself": (
        STATEFUL_SET,
        "trade-tencent-n-0",
        lambda _: {"spec": {"updateStrategy": {"type": "RollingUpdate"}}},
    ),
}


def test_what_was_edited_comes_back_as_it_was(chain: Chain) -> None:
    wanted = disposable(chain)
    for kind, name, edit in EDITS.values():
        chain.api.patch(kind, chain.namespace, name, edit(chain))
    wait_repaired(chain, wanted)


@pytest.mark.campaign
def test_what_was_edited_while_the_operator_was_away_comes_back_as_it_was(
    chain: Chain, operator: OperatorProcess
) -> None:
    wanted = disposable(chain)
    operator.stop()
    for kind, name, edit in EDITS.values():
        chain.api.patch(kind, chain.namespace, name, edit(chain))
    assert damaged(chain, wanted)
    operator.start()
    wait_repaired(chain, wanted)


@pytest.mark.parametrize(
    "label",
    [
        "chain",
        *(pytest.param(one, marks=pytest.mark.campaign) for one in ("member", "engine", "part")),
    ],
)
def test_a_label_of_ours_that_was_taken_away_or_changed_comes_back(
    chain: Chain, label: str
) -> None:
    name = f"consortium.dev/{label}"
    wanted = {path: body for path, body in disposable(chain).items() if name in body["labels"]}
    assert len(wanted) >= 8
    for number, path in enumerate(wanted):
        value = None if number % 2 else "mallory"
        kind, object_name = key(path)
        patch = {"metadata": {"labels": {name: value}}}
        chain.api.patch(kind, chain.namespace, object_name, patch)
    wait_repaired(chain, wanted)


def test_an_owner_that_was_taken_away_comes_back(chain: Chain) -> None:
    wanted = disposable(chain)
    each(chain, wanted, {"metadata": {"ownerReferences": None}})
    wait_repaired(chain, wanted)


def test_an_immutable_object_that_was_replaced_comes_back_as_it_was(chain: Chain) -> None:
    """Its name says what it holds, and a pod that starts would believe it."""
    wanted = {
        path: body
        for path, body in disposable(chain).items()
        if labels_of({"metadata": body})["consortium.dev/part"] in ("config", "certificate")
    }
    assert len(wanted) == 4
    for path in wanted:
        kind, name = key(path)
        found = chain.get(kind, name)
        assert found is not None
        metadata = {k: found["metadata"][k] for k in ("name", "labels", "ownerReferences")}
        chain.api.delete(kind, chain.namespace, name)
        replaced = found | {"metadata": metadata, "data": dict.fromkeys(found["data"], "mallory")}
        # The operator may be faster; then there is nothing to test.
        chain.api.apply(kind, chain.namespace, replaced | {"immutable": True})
    wait_repaired(chain, wanted)


def test_labels_and_annotations_of_others_stay(chain: Chain, operator: OperatorProcess) -> None:
    ours = chain.children()
    mark = {"labels": {"team": "ledger"}, "annotations": {"example.com/owner": "ledger"}}
    for obj in ours:
        chain.api.patch(
            KINDS[obj["kind"]], chain.namespace, obj["metadata"]["name"], {"metadata": mark}
        )
    operator.look_again(chain.poke)
    operator.restart()
    operator.look_again(chain.poke)
    for obj in chain.children():
        assert labels_of(obj).get("team") == "ledger", path_of(obj)
        assert obj["metadata"]["annotations"]["example.com/owner"] == "ledger", path_of(obj)
    assert len(chain.children()) == len(ours)
