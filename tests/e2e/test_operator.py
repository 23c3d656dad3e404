"""The operator's own process: its probes, and what its death in the middle of work does."""

import http.client
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from consortium_sandbox import tool_path
from tests.charts import Chart
from tests.e2e.conftest import namespace_for, quickstart_in
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.chain import OPERATOR, OPERATOR_NAMESPACE, Body, Chain
from tests.e2e.support.forward import PortForward
from tests.e2e.support.members import member_clients
from tests.e2e.support.operator_pod import kill_operator
from tests.e2e.support.sdk import an_account
from tests.e2e.support.waiting import wait_until
from tests.kubectl import Kubectl

WEIGHTS = (1, 1, 1, 3)


def answer(path: str, kubectl: Kubectl) -> tuple[int, str]:
    with PortForward(kubectl, OPERATOR_NAMESPACE, f"deployment/{OPERATOR}", 8080) as forward:
        connection = http.client.HTTPConnection("127.0.0.1", forward.port(), timeout=10)
        try:
            connection.request("GET", path)
            found = connection.getresponse()
            return found.status, found.read().decode()
        finally:
            connection.close()


def test_the_probes_and_the_metrics_answer(quickstart: Chain) -> None:
    assert answer("/healthz", quickstart.kubectl) == (200, "ok\n")
    assert answer("/readyz", quickstart.kubectl) == (200, "ok\n")
    status, metrics = answer("/metrics", quickstart.kubectl)
    values = dict(
        line.rpartition(" ")[::2] for line in metrics.splitlines() if not line.startswith("#")
    )
    assert status == 200
    assert float(values["consortium_chains"]) >= 1
    assert float(values["consortium_reconcile_duration_seconds_count"]) > 0
    assert float(values["consortium_reconcile_errors_total"]) == 0
    chain = f'{{chain="{quickstart.name}",namespace="{quickstart.namespace}"}}'
    assert float(values[f"consortium_chain_margin_weight{chain}"]) == 1


def test_helm_test_asks_the_operator_from_a_restricted_pod(quickstart: Chain) -> None:
    """Its namespace admits no other. When all is well, nothing of it stays."""
    where = (f"--namespace={OPERATOR_NAMESPACE}", f"--kubeconfig={quickstart.kubectl.kubeconfig}")
    helm = Chart(tool_path("helm"))
    told = helm.run("test", OPERATOR, "--timeout=60s", *where)
    assert "Phase:          Succeeded" in told

    def left() -> list[str]:
        pods = quickstart.kubectl.get("pods", f"--namespace={OPERATOR_NAMESPACE}")["items"]
        return [one["spec"]["containers"][0]["name"] for one in pods]

    wait_until(lambda: left() == ["operator"], "the pod is gone", quickstart.report)


def weighted_in(namespace: str) -> Body:
    """Another chain of the same name: weights of 1, 1, 1 and 3, and no governance."""
    manifest = quickstart_in(namespace)
    for member, weight in zip(manifest["spec"]["members"], WEIGHTS, strict=True):
        member["nodes"][0]["weight"] = weight
    manifest["spec"]["fiscoBcos"] = {"executor": {"authCheck": False}}
    return manifest


@pytest.fixture(scope="module")
def twins(kubectl: Kubectl, aftermath: Aftermath) -> Iterator[tuple[Chain, Chain]]:
    """Two chains of one name in two namespaces, and an operator that was killed while it made
    them: one plain, one with weights."""
    with ExitStack() as stack:
        plain = stack.enter_context(namespace_for(kubectl, aftermath, "plain"))
        weighted = stack.enter_context(namespace_for(kubectl, aftermath, "weighted"))
        chains = (
            Chain(kubectl, quickstart_in(plain)),
            Chain(kubectl, weighted_in(weighted)),
        )
        for chain in chains:
            chain.apply()
        wait_until(
            lambda: chains[0].children("secrets"), "the first key", chains[0].report, seconds=30
        )
        kill_operator(kubectl)
        yield chains


@pytest.mark.campaign
def test_an_operator_killed_while_it_makes_a_chain_finishes_it(
    twins: tuple[Chain, Chain],
) -> None:
    chain, _ = twins
    begun = {one["metadata"]["uid"] for one in chain.children("secrets")}
    chain.wait_ready(seconds=120)
    secrets = chain.children("secrets")
    assert begun <= {one["metadata"]["uid"] for one in secrets}
    assert len(secrets) == 4 * 6 + 1
    genesis = chain.get("configmap", "quickstart-genesis")["data"]
    assert chain.get("configmap", "quickstart-genesis-copy")["data"] == genesis
    volumes = chain.children("pvc")
    sealed = {one["metadata"]["annotations"]["consortium.dev/genesis-sha256"] for one in volumes}
    assert sealed == {chain.status()["genesis"]["sha256"]}
    with member_clients(chain) as clients:
        height = clients["webank"].height()
        assert clients["webank"].send(an_account()) == height + 1


@pytest.mark.campaign
def test_a_chain_with_a_heavy_sealer_and_without_governance_runs_and_says_so(
    twins: tuple[Chain, Chain],
) -> None:
    _, chain = twins
    chain.wait_ready(seconds=120)
    quorum = chain.condition("QuorumHealthy")
    assert (quorum["status"], quorum["reason"]) == ("True", "NodeHeavierThanF")
    assert "6 of 6 weight live, 5 needed, margin 1" in quorum["message"]
    governance = chain.condition("GovernanceHandedOver")
    assert (governance["status"], governance["reason"]) == ("False", "AuthOff")
    assert chain.status()["quorum"] == {"totalWeight": 6, "required": 5, "live": 6, "margin": 1}
    with member_clients(chain) as clients:
        assert sorted(clients["webank"].sealers().values()) == sorted(WEIGHTS)
        height = clients["webank"].height()
        assert clients["webank"].send(an_account()) == height + 1


@pytest.mark.campaign
@pytest.mark.timeout(400)
def test_a_heavy_sealer_restarts_when_a_person_says_so_and_each_time_anew(
    twins: tuple[Chain, Chain],
) -> None:
    """The others roll by themselves: weights 1, 1 and 1 beside the 3 of them all."""
    _, chain = twins
    chain.wait_ready(seconds=120)
    said = set()
    for limit in ("20000", "25000"):
        fields = chain.manifest["spec"]["fiscoBcos"] | {"config": {"txpool": {"limit": limit}}}
        chain.apply(chain.with_spec(fiscoBcos=fields))
        waits = chain.wait("UpToDate", "False", "AwaitingAcceptance", seconds=120)
        assert chain.condition("QuorumHealthy")["status"] == "True"
        command = re.search(r"kubectl (annotate [^`'\"]*?accept-pause=\S+)", waits["message"])
        assert command is not None, waits["message"]
        assert command[1] not in said, "an acceptance is good for one restart"
        said.add(command[1])
        chain.kubectl(*command[1].split())
        chain.wait("UpToDate", "True", seconds=120)
        chain.wait_ready(seconds=60)


@pytest.mark.campaign
def test_two_chains_of_one_name_share_nothing(twins: tuple[Chain, Chain]) -> None:
    plain, weighted = twins
    ids = [
        {node["nodeId"] for member in chain.status()["members"] for node in member["nodes"]}
        for chain in twins
    ]
    assert len(ids[0] | ids[1]) == 8
    genesis = {chain.status()["genesis"]["sha256"] for chain in (plain, weighted)}
    assert len(genesis) == 2
