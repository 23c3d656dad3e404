"""From one resource to a running chain: what is there once it is Ready."""

import hashlib
import json
import re

from tests.e2e.support.chain import Body, Chain, conditions_of, label_of

NODES = {
    "webank": "shenzhen-0",
    "sichuan-trade": "chengdu-0",
    "east-port": "ningbo-0",
    "northern-cold-chain": "dalian-0",
}
KINDS = "secrets,configmaps,services,pvc,statefulsets,pdb,networkpolicies"
# Objects named by their content.
BY_CONTENT = re.compile(r"-(cert|config)-[0-9a-f]{10}$")

Objects = dict[tuple[str, str], tuple[str | None, str | None]]
"""(kind, name) → (member, node), as their labels say."""


def retained_objects(chain: str) -> Objects:
    """What outlives the resource."""
    found: Objects = {
        ("Secret", f"{chain}-admin"): (None, None),
        ("ConfigMap", f"{chain}-admin"): (None, None),
        ("ConfigMap", f"{chain}-genesis"): (None, None),
        ("ConfigMap", f"{chain}-genesis-copy"): (None, None),
        ("ConfigMap", f"{chain}-journal"): (None, None),
    }
    for member, path in NODES.items():
        for authority in ("node-ca-1", "client-ca-1"):
            found["Secret", f"{chain}-{member}-{authority}"] = (member, None)
            found["ConfigMap", f"{chain}-{member}-{authority}"] = (member, None)
        found["Secret", f"{chain}-{member}-client"] = (member, None)
        found["Secret", f"{chain}-{member}-operator-client"] = (member, None)
        node = f"{chain}-{member}-{path}"
        found["Secret", f"{node}-identity"] = (member, node)
        found["Secret", f"{node}-tls-1"] = (member, node)
        found["ConfigMap", f"{node}-identity"] = (member, node)
        found["PersistentVolumeClaim", f"{node}-data-g1"] = (member, node)
    return found


def disposable_objects(chain: str) -> Objects:
    """What goes with the resource."""
    found: Objects = {
        ("ConfigMap", f"{chain}-trust"): (None, None),
        ("PodDisruptionBudget", f"{chain}-sealers"): (None, None),
        ("NetworkPolicy", f"{chain}-p2p"): (None, None),
        ("NetworkPolicy", f"{chain}-rpc-clients"): (None, None),
    }
    for member, path in NODES.items():
        found["ConfigMap", f"{chain}-{member}-client"] = (member, None)
        found["ConfigMap", f"{chain}-{member}-operator-client"] = (member, None)
        found["Service", f"{chain}-{member}-rpc"] = (member, None)
        node = f"{chain}-{member}-{path}"
        found["ConfigMap", f"{node}-cert-<hash>"] = (member, node)
        found["ConfigMap", f"{node}-config-<hash>"] = (member, node)
        found["ConfigMap", f"{node}-peers"] = (member, node)
        found["Service", node] = (member, node)
        found["StatefulSet", node] = (member, node)
    return found


def path_of(found: Body) -> tuple[str, str]:
    return found["kind"], BY_CONTENT.sub(r"-\1-<hash>", found["metadata"]["name"])


def owners_of(found: Body) -> list[Body]:
    owners: list[Body] = found["metadata"].get("ownerReferences", [])
    return owners


def test_every_condition_is_as_expected(quickstart: Chain) -> None:
    resource = quickstart.resource()
    conditions = conditions_of(resource)
    said = {type_: (one["status"], one["reason"]) for type_, one in conditions.items()}
    assert said == {
        "Ready": ("True", "AsExpected"),
        "Reconciling": ("False", "AsExpected"),
        "Stalled": ("False", "AsExpected"),
        "SpecValid": ("True", "AsExpected"),
        "IdentitiesIntact": ("True", "AsExpected"),
        "GenesisSealed": ("True", "AsExpected"),
        "CertificatesValid": ("True", "AsExpected"),
        "NodesReady": ("True", "AsExpected"),
        "QuorumHealthy": ("True", "AsExpected"),
        "ChainConsistent": ("True", "AsExpected"),
        "MembershipInSync": ("True", "AsExpected"),
        "UpToDate": ("True", "AsExpected"),
        "GovernanceHandedOver": ("False", "SoleGeneratedAdmin"),
    }
    assert all(one["message"] for one in conditions.values())
    generation = resource["metadata"]["generation"]
    assert resource["status"]["observedGeneration"] == generation
    assert {one["observedGeneration"] for one in conditions.values()} == {generation}


def test_the_status_tells_of_the_quorum_the_sealers_and_the_first_block(quickstart: Chain) -> None:
    status = quickstart.status()
    assert status["quorum"] == {"totalWeight": 4, "required": 3, "live": 4, "margin": 1}
    assert status["sealers"] == "4/4"
    assert status["memberCount"] == 4
    assert status["height"] >= 1


def test_the_status_names_the_genesis_that_is_in_its_config_map(quickstart: Chain) -> None:
    told = quickstart.status()["genesis"]
    data = quickstart.get("configmap", "quickstart-genesis")["data"]
    assert told["configMap"] == "quickstart-genesis"
    assert told["sha256"] == hashlib.sha256(data["config.genesis"].encode()).hexdigest()
    assert re.fullmatch("0x[0-9a-f]{64}", told["blockHash"])
    assert quickstart.get("configmap", "quickstart-genesis-copy")["data"] == data


def test_the_status_names_each_node_as_the_register_and_the_genesis_do(quickstart: Chain) -> None:
    genesis = quickstart.get("configmap", "quickstart-genesis")["data"]
    founders = {one["nodeId"]: one for one in json.loads(genesis["founders.json"])}
    told = {member["name"]: member["nodes"] for member in quickstart.status()["members"]}
    assert {member: [node["name"] for node in nodes] for member, nodes in told.items()} == {
        member: [name] for member, name in NODES.items()
    }
    for member, (node,) in told.items():
        register = quickstart.get("configmap", f"quickstart-{member}-{node['name']}-identity")
        assert node["nodeId"] == register["data"]["node_id"]
        assert re.fullmatch("[0-9a-f]{128}", node["nodeId"])
        assert founders[node["nodeId"]]["member"] == member
        assert f"{node['nodeId']}: 1" in genesis["config.genesis"]
        assert (node["role"], node["weight"], node["state"]) == ("Sealer", 1, "Live")
    assert len(founders) == 4


def test_exactly_the_designed_objects_exist_with_their_labels(quickstart: Chain) -> None:
    found = quickstart.children(KINDS)
    said = {path_of(one): (label_of(one, "member"), label_of(one, "node")) for one in found}
    assert len(said) == len(found)
    assert said == retained_objects("quickstart") | disposable_objects("quickstart")
    for one in found:
        assert label_of(one, "engine") == "FiscoBcos"
        managed_by = one["metadata"]["labels"]["app.kubernetes.io/managed-by"]
        assert managed_by == "consortium-operator"


def test_only_what_may_go_with_the_resource_is_owned_by_it(quickstart: Chain) -> None:
    uid = quickstart.resource()["metadata"]["uid"]
    retained = retained_objects("quickstart")
    for one in quickstart.children(KINDS):
        owners = [owner["uid"] for owner in owners_of(one)]
        assert owners == ([] if path_of(one) in retained else [uid]), path_of(one)


def test_keys_register_and_genesis_are_immutable(quickstart: Chain) -> None:
    retained = retained_objects("quickstart")
    journal = ("ConfigMap", "quickstart-journal")
    fixed = [
        one
        for one in quickstart.children("secrets,configmaps")
        if path_of(one) in retained and path_of(one) != journal
    ]
    assert len(fixed) == 4 * 9 + 4
    assert [path_of(one) for one in fixed if one.get("immutable") is not True] == []


def test_nobody_but_the_person_and_the_operator_wrote_to_the_resource(quickstart: Chain) -> None:
    """kopf would leave a finalizer and annotations, and deletion would hang without it."""
    metadata = quickstart.kubectl.get(
        *("cchain", quickstart.name, quickstart.here, "--show-managed-fields")
    )["metadata"]
    assert "finalizers" not in metadata
    assert "annotations" not in metadata
    writers = {(one["manager"], one.get("subresource", "")) for one in metadata["managedFields"]}
    assert writers == {("person", ""), ("consortium-operator/status", "status")}


def test_nodes_of_a_chain_are_spread_over_machines_by_themselves(quickstart: Chain) -> None:
    """Four over three: none has more than two."""
    machines = [pod["spec"]["nodeName"] for pod in quickstart.pods()]
    assert len(machines) == 4
    assert max(map(machines.count, machines)) <= 2
