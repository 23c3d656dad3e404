"""A founding, from the resource to pods that wait for a node: every object, in its order."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, POD
from tests.api_server import Api, Body, Happened, labels_of, path_of
from tests.integration.operator.conftest import Namespaces, leaks_of
from tests.integration.operator.support.chain import FOUR, ONE, Chain
from tests.integration.operator.support.process import OperatorProcess

MEMBERS = [member["name"] for member in FOUR]
RETAINED_PARTS = {"identity", "tls", "authority", "register", "genesis", "journal", "data", "admin"}
# What these become when their content is known.
_HASH = re.compile(r"-(cert|config)-[0-9a-f]{10}$")


@dataclass(frozen=True)
class Founding:
    chain: Chain
    fresh: Body
    history: list[Happened]

    @property
    def children(self) -> list[Body]:
        return self.chain.children()


@pytest.fixture(scope="module")
def founding(api: Api, namespaces: Namespaces, operator: OperatorProcess) -> Founding:
    """A chain of four members. `fresh`: its resource as it was before any operator saw it."""
    operator.stop()
    chain = Chain(api, namespaces.make(), operator.log, of=FOUR)
    chain.create()
    fresh = chain.resource()
    since = api.version(chain.namespace)
    operator.start()
    chain.wait_founded()
    return Founding(chain, fresh, api.history(chain.namespace, since))


def of_node(member: str) -> set[str]:
    node = f"trade-{member}-n-0"
    return {
        f"Secret/{node}-identity",
        f"Secret/{node}-tls-1",
        f"ConfigMap/{node}-identity",
        f"ConfigMap/{node}-cert-",
        f"ConfigMap/{node}-config-",
        f"ConfigMap/{node}-peers",
        f"Service/{node}",
        f"PersistentVolumeClaim/{node}-data-g1",
        f"StatefulSet/{node}",
    }


def of_member(member: str) -> set[str]:
    cas = (f"trade-{member}-node-ca-1", f"trade-{member}-client-ca-1")
    clients = (f"trade-{member}-client", f"trade-{member}-operator-client")
    keys = {f"{kind}/{name}" for kind in ("Secret", "ConfigMap") for name in cas + clients}
    return keys | {f"Service/trade-{member}-rpc"}


OF_CHAIN = {
    "ConfigMap/trade-genesis",
    "ConfigMap/trade-genesis-copy",
    "ConfigMap/trade-trust",
    "ConfigMap/trade-journal",
    "Secret/trade-admin",
    "ConfigMap/trade-admin",
    "NetworkPolicy/trade-p2p",
    "NetworkPolicy/trade-rpc-clients",
}


def part_of(obj: Body) -> str:
    return labels_of(obj).get("consortium.dev/part", "")


def is_retained(obj: Body) -> bool:
    return part_of(obj) in RETAINED_PARTS or obj["kind"] == "Secret"


def test_exactly_the_designed_objects_appear(founding: Founding) -> None:
    found = {_HASH.sub(r"-\1-", path_of(obj)) for obj in founding.children}
    wanted = OF_CHAIN.union(*map(of_node, MEMBERS), *map(of_member, MEMBERS))
    assert found == wanted


def test_each_object_is_made_once(founding: Founding) -> None:
    added = [event.path for event in founding.history if event.type == "ADDED"]
    assert len(added) == len(set(added))
    assert not [event.path for event in founding.history if event.type == "DELETED"]


def test_every_step_waits_for_the_one_before(founding: Founding) -> None:
    """Secrets → registers → genesis → certificates → Services → volumes → StatefulSets."""
    made = [event.object for event in founding.history if event.type == "ADDED"]
    assert steps_of(made) == [
        *("keys and registers", "genesis", "certificates", "services", "volumes", "pods"),
    ]


def steps_of(made: list[Body]) -> list[str]:
    """The steps in the order of their first object; fails where one begins before the last one
    has ended. What has no place in the order is passed over."""
    steps = {
        ("Secret", "identity"): "keys and registers",
        ("Secret", "tls"): "keys and registers",
        ("Secret", "authority"): "keys and registers",
        ("Secret", "admin"): "keys and registers",
        ("ConfigMap", "register"): "keys and registers",
        ("ConfigMap", "genesis"): "genesis",
        ("ConfigMap", "certificate"): "certificates",
        ("Service", "node"): "services",
        ("PersistentVolumeClaim", "data"): "volumes",
        ("StatefulSet", "node"): "pods",
    }
    found: list[str] = []
    for obj in made:
        step = steps.get((obj["kind"], part_of(obj)))
        if step is not None and step != (found[-1] if found else None):
            assert step not in found, f"{path_of(obj)} came after {found[-1]}"
            found.append(step)
    return found


@pytest.mark.parametrize("member", MEMBERS)
def test_a_register_is_written_after_its_secrets(founding: Founding, member: str) -> None:
    made = [event.path for event in founding.history if event.type == "ADDED"]
    node = f"trade-{member}-n-0"
    for register, *secrets in (
        (f"{node}-identity", f"{node}-identity", f"{node}-tls-1"),
        (f"trade-{member}-node-ca-1", f"trade-{member}-node-ca-1"),
        (f"trade-{member}-client-ca-1", f"trade-{member}-client-ca-1"),
    ):
        written = made.index(f"ConfigMap/{register}")
        assert all(made.index(f"Secret/{secret}") < written for secret in secrets)


def test_every_object_carries_the_labels(founding: Founding) -> None:
    for obj in founding.children:
        labels = labels_of(obj)
        assert labels["consortium.dev/chain"] == "trade", path_of(obj)
        assert labels["consortium.dev/engine"] == "FiscoBcos", path_of(obj)
        assert labels["app.kubernetes.io/managed-by"] == "consortium-operator", path_of(obj)
        member = next((m for m in MEMBERS if f"trade-{m}-" in obj["metadata"]["name"]), None)
        assert labels.get("consortium.dev/member") == member, path_of(obj)
        is_nodes = member is not None and f"trade-{member}-n-0" in obj["metadata"]["name"]
        node = f"trade-{member}-n-0" if is_nodes else None
        assert labels.get("consortium.dev/node") == node, path_of(obj)
        # Argo CD takes what carries it for its own.
        assert "app.kubernetes.io/instance" not in labels, path_of(obj)


def test_what_outlives_the_chain_has_no_owner_and_the_rest_has_one(founding: Founding) -> None:
    uid = founding.chain.resource()["metadata"]["uid"]
    owner = {
        "apiVersion": "consortium.dev/v1alpha1",
        "kind": "ConsortiumChain",
        "name": "trade",
        "uid": uid,
        "controller": True,
    }
    for obj in founding.children:
        owners = obj["metadata"].get("ownerReferences", [])
        assert owners == ([] if is_retained(obj) else [owner]), path_of(obj)
        assert "finalizers" not in obj["metadata"] or obj["kind"] == "PersistentVolumeClaim"


def test_what_never_changes_is_immutable(founding: Founding) -> None:
    mutable = {"ConfigMap/trade-trust", "ConfigMap/trade-journal"}
    mutable |= {f"ConfigMap/trade-{member}-n-0-peers" for member in MEMBERS}
    clients = ("client", "operator-client")
    mutable |= {f"ConfigMap/trade-{member}-{client}" for member in MEMBERS for client in clients}
    for obj in founding.children:
        if obj["kind"] in ("Secret", "ConfigMap"):
            assert obj.get("immutable", False) is (path_of(obj) not in mutable), path_of(obj)


def test_both_copies_of_the_genesis_are_the_same(founding: Founding) -> None:
    by_path = {path_of(obj): obj for obj in founding.children}
    genesis, copy = by_path["ConfigMap/trade-genesis"], by_path["ConfigMap/trade-genesis-copy"]
    assert genesis["data"] == copy["data"]
    assert set(genesis["data"]) >= {"config.genesis"}


def test_every_volume_is_tied_to_its_node_and_genesis(founding: Founding) -> None:
    by_path = {path_of(obj): obj for obj in founding.children}
    status = founding.chain.resource()["status"]
    ids = {member["name"]: member["nodes"][0]["nodeId"] for member in status["members"]}
    for member in MEMBERS:
        annotations = by_path[f"PersistentVolumeClaim/trade-{member}-n-0-data-g1"]["metadata"][
            "annotations"
        ]
        assert annotations["consortium.dev/node-id"] == ids[member]
        assert annotations["consortium.dev/genesis-sha256"] == status["genesis"]["sha256"]


def test_pods_are_made_and_admitted(founding: Founding, api: Api) -> None:
    """In a namespace that enforces Pod Security restricted."""
    pods = {pod["metadata"]["name"] for pod in api.all(POD, founding.chain.namespace)}
    assert pods == {f"trade-{member}-n-0-0" for member in MEMBERS}


def test_the_resource_is_left_as_its_owner_wrote_it(founding: Founding) -> None:
    found = founding.chain.resource()
    assert found["spec"] == founding.fresh["spec"]
    assert "finalizers" not in found["metadata"]
    assert "annotations" not in found["metadata"]
    assert "labels" not in found["metadata"]
    managers = {
        (one["manager"], one.get("subresource")) for one in found["metadata"]["managedFields"]
    }
    assert managers == {("person", None), ("consortium-operator/status", "status")}


def test_a_resource_that_no_operator_saw_is_not_ready(founding: Founding) -> None:
    (ready,) = founding.fresh["status"]["conditions"]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "Unknown", "Pending")
    assert kstatus(founding.fresh) == "InProgress"


def test_a_chain_without_running_nodes_is_in_progress(founding: Founding) -> None:
    assert kstatus(founding.chain.resource()) == "InProgress"


def kstatus(obj: dict[str, Any]) -> str:
    """As sigs.k8s.io/cli-utils reads a resource that it does not know."""
    status = obj.get("status", {})
    if (
        status.get("observedGeneration", obj["metadata"]["generation"])
        != (obj["metadata"]["generation"])
    ):
        return "InProgress"
    conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if conditions.get("Stalled") == "True":
        return "Failed"
    return "Current" if conditions.get("Ready", "True") == "True" else "InProgress"


def test_the_status_tells_what_is_there_and_what_is_missing(founding: Founding) -> None:
    status, conditions = founding.chain.resource()["status"], founding.chain.conditions()
    assert status["memberCount"] == 4
    assert [member["name"] for member in status["members"]] == MEMBERS
    for member in status["members"]:
        (node,) = member["nodes"]
        assert (node["name"], node["role"], node["weight"]) == ("n-0", "Sealer", 1)
        assert re.fullmatch(r"[0-9a-f]{128}", node["nodeId"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", node["certificateExpires"])
    assert status["genesis"]["configMap"] == "trade-genesis"
    assert status["quorum"] == {"totalWeight": 4, "required": 3, "live": 0, "margin": -3}
    assert status["sealers"] == "0/4"
    assert "phase" not in status
    answers = {name: (one["status"], one["reason"]) for name, one in conditions.items()}
    answers.pop("NodesReady")  # it depends on whether a scheduler has looked at the pods
    assert answers.pop("Ready")[0] == "False"
    assert answers.pop("Reconciling")[0] == "True"
    assert answers == {
        "Stalled": ("False", "AsExpected"),
        "SpecValid": ("True", "AsExpected"),
        "IdentitiesIntact": ("True", "AsExpected"),
        "GenesisSealed": ("True", "AsExpected"),
        "CertificatesValid": ("True", "AsExpected"),
        "ChainConsistent": ("Unknown", "Pending"),
        "QuorumHealthy": ("Unknown", "Unknown"),
        "MembershipInSync": ("Unknown", "Pending"),
        "UpToDate": ("Unknown", "Pending"),
        "GovernanceHandedOver": ("False", "SoleGeneratedAdmin"),
    }
    generation = founding.chain.resource()["metadata"]["generation"]
    assert {one["observedGeneration"] for one in conditions.values()} == {generation}
    assert status["observedGeneration"] == generation


def test_nothing_private_is_to_be_found(
    founding: Founding, api: Api, operator: OperatorProcess
) -> None:
    """Also by every module at its end; here the scanner is shown to know the keys."""
    secrets = [obj for obj in founding.children if obj["kind"] == "Secret"]
    assert len(secrets) == 4 * 6 + 1
    assert leaks_of(api, [founding.chain.namespace], operator) == []


def test_a_chain_of_one_node_has_every_kind_of_object(
    new_chain: Callable[..., Chain], founding: Founding
) -> None:
    chain = new_chain(of=ONE)
    chain.found()
    kinds = {(obj["kind"], part_of(obj)) for obj in chain.children()}
    assert kinds == {(obj["kind"], part_of(obj)) for obj in founding.children}
    assert chain.get(CONSORTIUM_CHAIN, chain.name)
