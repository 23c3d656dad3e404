"""Services: peers reach a node before it is ready, applications only after."""

from dataclasses import replace

from consortium_operator.chain.files import Port
from consortium_operator.manifests.pod import pod_labels
from consortium_operator.manifests.service import member_rpc_service, node_service
from tests import chains

PLAN = chains.plan(
    chains.member("webank", chains.node("shenzhen", count=2)), chains.member("huawei")
)
NODE = PLAN.nodes_of("webank")[0]
WEBANK = PLAN.members[1]


def selected(service: dict[str, object]) -> list[str]:
    """Names of the nodes whose pods a Service selects."""
    spec = service["spec"]
    assert isinstance(spec, dict)
    return [
        node.names.node
        for node in PLAN.nodes
        if spec["selector"].items() <= pod_labels(PLAN, node).items()
    ]


def test_a_node_is_reachable_before_it_is_ready() -> None:
    assert node_service(PLAN, NODE, chains.PROCESS)["spec"]["publishNotReadyAddresses"] is True


def test_a_node_service_selects_that_node_alone() -> None:
    assert selected(node_service(PLAN, NODE, chains.PROCESS)) == ["trade-webank-shenzhen-0"]


def test_a_node_service_has_an_address_of_its_own() -> None:
    spec = node_service(PLAN, NODE, chains.PROCESS)["spec"]
    assert spec["type"] == "ClusterIP"
    assert "clusterIP" not in spec


def test_a_remembered_address_is_asked_for_again() -> None:
    spec = node_service(PLAN, NODE, chains.PROCESS, "10.0.0.7")["spec"]
    assert spec["clusterIP"] == "10.0.0.7"


def test_p2p_and_rpc_have_names() -> None:
    ports = node_service(PLAN, NODE, chains.PROCESS)["spec"]["ports"]
    assert [(p["name"], p["port"], p["targetPort"]) for p in ports] == [
        ("p2p", 30300, "p2p"),
        ("rpc", 20200, "rpc"),
    ]


def test_what_only_applications_use_is_on_the_services_of_nodes_and_members() -> None:
    opened = replace(chains.PROCESS, for_clients=(Port("web3", 8545),))
    for service, names in (
        (node_service(PLAN, NODE, opened), ["p2p", "rpc", "web3"]),
        (member_rpc_service(PLAN, WEBANK, opened), ["rpc", "web3"]),
    ):
        ports = service["spec"]["ports"]
        assert [port["name"] for port in ports] == names
        assert (ports[-1]["port"], ports[-1]["targetPort"]) == (8545, "web3")


def test_a_members_service_leads_to_rpc_of_its_ready_nodes() -> None:
    service = member_rpc_service(PLAN, WEBANK, chains.PROCESS)
    assert service["metadata"]["name"] == "trade-webank-rpc"
    assert selected(service) == ["trade-webank-shenzhen-0", "trade-webank-shenzhen-1"]
    assert [port["name"] for port in service["spec"]["ports"]] == ["rpc"]
    assert "publishNotReadyAddresses" not in service["spec"]
