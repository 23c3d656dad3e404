"""The CRD is deleted, and with it every resource; installed again, the chains are taken up. All by
one process, which need not be started again."""

import time
from collections.abc import Iterator

import pytest

from consortium_operator.kube.kinds import CONFIG_MAP, CONSORTIUM_CHAIN, SERVICE
from consortium_sandbox import Sandbox
from tests.api_server import CRD, Api, Happened, labels_of
from tests.integration.operator.conftest import Namespaces, NewChain
from tests.integration.operator.support.chain import Chain
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import UNTIL_COLLECTED, wait_until
from tests.invariants import violations
from tests.kubectl import install_crd
from tests.resources import CRD_NAME


def install(control_plane: Sandbox) -> None:
    install_crd(control_plane.kubeconfig)


def uninstall(api: Api) -> None:
    api.delete(CRD, "", CRD_NAME)
    wait_until(lambda: api.get(CRD, "", CRD_NAME) is None, "the CRD is gone", lambda: "")


@pytest.fixture(scope="module", autouse=True)
def collector_knows_chains(api: Api, namespaces: Namespaces, operator: OperatorProcess) -> None:
    """A garbage collector that has not heard of a kind before it goes never takes what it owned."""
    chain = Chain(api, namespaces.make(), operator.log)
    chain.found()
    chain.delete()
    chain.wait_collected()


@pytest.fixture
def with_crd(control_plane: Sandbox) -> Iterator[None]:
    """Whatever a test does to it, it is there again afterwards."""
    yield
    install(control_plane)


def says(operator: OperatorProcess, page: str, status: int) -> bool:
    return operator.answer(page)[0] == status


def owned(chain: Chain) -> list[str]:
    return [one["kind"] for one in chain.children() if one["metadata"].get("ownerReferences")]


def identities(chain: Chain) -> dict[str, str]:
    return {
        f"{obj['kind']}/{obj['metadata']['name']}": obj["metadata"]["uid"]
        for obj in chain.children()
        if obj["kind"] in ("Secret", "PersistentVolumeClaim")
        or labels_of(obj)["consortium.dev/part"] in ("register", "genesis")
    }


@pytest.mark.campaign
def test_chains_survive_the_end_of_their_crd(
    with_crd: None, control_plane: Sandbox, new_chain: NewChain, operator: OperatorProcess, api: Api
) -> None:
    chain = new_chain()
    since = api.version(chain.namespace)
    chain.found()
    before = identities(chain)
    # Nobody can ask for it any more afterwards.
    resources = api.history(chain.namespace, since, (CONSORTIUM_CHAIN,))
    uninstall(api)
    wait_until(
        lambda: not owned(chain), "what it owned is collected", operator.log, UNTIL_COLLECTED
    )
    wait_until(lambda: says(operator, "/readyz", 500), "it says that it waits", operator.log)
    assert "install its CRD" in operator.answer("/readyz")[1]
    assert says(operator, "/healthz", 200)
    assert api.all(SERVICE, chain.namespace) == []
    install(control_plane)
    wait_until(lambda: says(operator, "/readyz", 200), "it has found the CRD", operator.log)
    chain.found()
    assert identities(chain) == before
    assert operator.is_running()
    # And it hears of later edits as before.
    chain.edit(version="3.99.0")
    chain.wait("SpecValid", "False", "UnknownVersion")
    history = [*resources, *api.history(chain.namespace, since)]
    in_order: list[Happened] = sorted(history, key=lambda event: event.version)
    assert violations(in_order) == []


@pytest.mark.campaign
def test_a_resource_that_is_not_written_again_stays_gone(
    with_crd: None, control_plane: Sandbox, new_chain: NewChain, operator: OperatorProcess, api: Api
) -> None:
    chain, other = new_chain(), new_chain(name="other")
    chain.found()
    other.found()
    uninstall(api)
    install(control_plane)
    wait_until(
        lambda: not owned(chain), "what it owned is collected", operator.log, UNTIL_COLLECTED
    )
    other.found()
    api.delete(CONFIG_MAP, chain.namespace, "trade-genesis-copy")
    time.sleep(1)
    assert owned(chain) == []
    assert chain.get(CONFIG_MAP, "trade-genesis-copy") is None


@pytest.mark.campaign
def test_an_operator_that_comes_before_its_crd_waits_for_it(
    with_crd: None, control_plane: Sandbox, new_chain: NewChain, operator: OperatorProcess, api: Api
) -> None:
    operator.stop()
    uninstall(api)
    operator.start(wait=False)
    wait_until(lambda: "install its CRD" in operator.answer("/readyz")[1], "it waits", operator.log)
    install(control_plane)
    operator.wait_ready()
    new_chain().found()
