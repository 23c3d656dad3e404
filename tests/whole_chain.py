"""Every object of one small chain, as the operator would write them: for the golden file, for the
checks that hold for all objects, and for a real API server."""

from consortium_operator.chain.files import Source
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.plan import Plan, PlannedMember, PlannedNode
from consortium_operator.chain.quorum import Quorum
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.certificate import certificate_config_map
from consortium_operator.manifests.config import config_config_map
from consortium_operator.manifests.core import file_data
from consortium_operator.manifests.disruption import LiveSealers, disruption_budgets
from consortium_operator.manifests.genesis import genesis_config_map, genesis_copy
from consortium_operator.manifests.identity import (
    ClientKind,
    admin_register,
    admin_secret,
    authority_register,
    authority_secret,
    client_certificate,
    client_secret,
    node_key_secret,
    node_register,
    tls_key_secret,
)
from consortium_operator.manifests.journal import journal_config_map
from consortium_operator.manifests.network import network_policies
from consortium_operator.manifests.peers import peers_config_map
from consortium_operator.manifests.pod import Generations, node_pod
from consortium_operator.manifests.service import member_rpc_service, node_service
from consortium_operator.manifests.statefulset import stateful_set
from consortium_operator.manifests.trust import trust_config_map
from consortium_operator.manifests.volume import data_claim
from tests import chains


def small_plan() -> Plan:
    """A plain sealer, and one that overrides everything that a node may."""
    archive = chains.node(
        "archive",
        weight=3,
        storage={"size": "100Gi", "storageClassName": "slow"},
        resources={"requests": {"cpu": 2, "memory": "4Gi"}, "limits": {"memory": "8Gi"}},
        placement={
            "region": "cn-south",
            "zone": "cn-south-1",
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "ledger", "operator": "Exists", "effect": "NoSchedule"}],
            "priorityClassName": "system-cluster-critical",
        },
        podLabels={"team": "ledger"},
        podAnnotations={"example.com/note": "archive"},
    )
    clients = [
        {"podSelector": {"matchLabels": {"app": "wallet"}}},
        {
            "namespaceSelector": {"matchLabels": {"team": "ledger"}},
            "podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
        },
    ]
    return chains.plan(
        chains.member("huawei", archive),
        chains.member("webank", chains.node("shenzhen")),
        image={"pullSecrets": [{"name": "registry"}]},
        networkPolicy={"clients": clients},
    )


def whole_chain(plan: Plan) -> list[Manifest]:
    """In the order in which they are made."""
    return [
        *(o for member in plan.members for o in member_keys(plan, member)),
        *(o for node in plan.nodes for o in node_keys(plan, node)),
        *chain_objects(plan),
        *(o for member in plan.members for o in member_objects(plan, member)),
        *(o for node in plan.nodes for o in node_objects(plan, node)),
    ]


def member_keys(plan: Plan, member: PlannedMember) -> list[Manifest]:
    return [
        *(
            authority_secret(plan, member, kind, 1, chains.private("tls.crt", "tls.key"))
            for kind in AuthorityKind
        ),
        *(
            authority_register(plan, member, kind, 1, chains.authority_register())
            for kind in AuthorityKind
        ),
        *(client_secret(plan, member, kind, chains.private("sdk.key")) for kind in ClientKind),
    ]


def node_keys(plan: Plan, node: PlannedNode) -> list[Manifest]:
    return [
        node_key_secret(plan, node, chains.private("node.pem")),
        tls_key_secret(plan, node, 1, chains.private("ssl.key")),
        node_register(plan, node, chains.node_register()),
    ]


def chain_objects(plan: Plan) -> list[Manifest]:
    seal = chains.seal(plan)
    journal = Journal({node.names.node: JournalEntry(intent="Sealer/1") for node in plan.nodes})
    live = LiveSealers(Quorum(10), {"trade-a": 1, "trade-b": 1, "trade-c": 4, "trade-d": 4}, 10)
    return [
        admin_secret(plan, chains.private("account.pem")),
        admin_register(plan, chains.account_register()),
        genesis_config_map(plan, seal),
        genesis_copy(plan, seal),
        trust_config_map(plan, {"0a1b2c3d.0": "certificate 1\n"}),
        journal_config_map(plan, journal),
        *network_policies(plan, chains.PROCESS),
        *disruption_budgets(plan, live),
    ]


def member_objects(plan: Plan, member: PlannedMember) -> list[Manifest]:
    authority = chains.authority_register()
    return [
        *(client_certificate(plan, member, kind, "client\n", (authority,)) for kind in ClientKind),
        member_rpc_service(plan, member, chains.PROCESS),
    ]


def node_objects(plan: Plan, node: PlannedNode) -> list[Manifest]:
    files = chains.node_files(node)
    genesis = next(file for file in files if file.source is Source.GENESIS)
    assert genesis.content == chains.seal(plan).text
    pod = node_pod(plan, node, chains.PROCESS, files, Generations())
    return [
        certificate_config_map(plan, node, files),
        config_config_map(plan, node, files),
        peers_config_map(plan, node, file_data(files, Source.PEERS)),
        node_service(plan, node, chains.PROCESS),
        data_claim(plan, node, 1, chains.node_register().node_id, chains.seal(plan).sha256),
        stateful_set(plan, pod),
    ]
