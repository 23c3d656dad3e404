"""What the operator does where it may not, or cannot, write: it says what to do, and goes on when
it is done."""

from functools import partial

import pytest

from consortium_operator.kube.kinds import CONFIG_MAP, NAMESPACE, SECRET
from tests.api_server import RESOURCE_QUOTA, ROLE_BINDING, Api
from tests.integration.operator.conftest import Account, Namespaces, NewChain
from tests.integration.operator.support.chain import Chain
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until


def test_a_namespace_without_the_binding_is_told_what_to_do(
    new_chain: NewChain, namespaces: Namespaces
) -> None:
    chain = new_chain(namespaces.make(bound=False))
    chain.create()
    ready = chain.wait("Ready", "False", "Forbidden")
    assert chain.namespace in ready["message"]
    assert "chainNamespaces" in ready["message"]
    assert chain.children() == []
    namespaces.bind(chain.namespace)
    chain.poke()
    chain.wait_founded()


@pytest.mark.campaign
def test_a_binding_that_was_taken_away_is_told_and_the_chain_stays(
    new_chain: NewChain, account: Account, namespaces: Namespaces, operator: OperatorProcess
) -> None:
    chain = new_chain()
    chain.found()
    before = chain.versions()
    chain.api.delete(ROLE_BINDING, chain.namespace, account.binding["metadata"]["name"])
    operator.restart()
    ready = chain.wait("Ready", "False", "Forbidden")
    assert "chainNamespaces" in ready["message"]
    assert chain.versions() == before
    assert operator.work().errors == 0
    namespaces.bind(chain.namespace)
    chain.poke()
    chain.wait_founded()
    assert chain.versions() == before


QUOTAS = {"count/secrets": 3, "count/statefulsets.apps": 0, "services": 1}


@pytest.mark.campaign
def test_a_quota_is_told_and_the_founding_goes_on_when_it_is_lifted(
    new_chain: NewChain, namespaces: Namespaces
) -> None:
    chains = {what: new_chain(namespaces.make()) for what in QUOTAS}
    for what, chain in chains.items():
        quota = {"metadata": {"name": "small"}, "spec": {"hard": {what: str(QUOTAS[what])}}}
        chain.api.create(RESOURCE_QUOTA, chain.namespace, quota)
    for chain in chains.values():
        wait_until(partial(is_counted, chain), "the quota is counted", chain.report)
        chain.create()
    for chain in chains.values():
        told = chain.wait("NodesReady", "False", "QuotaExceeded")
        assert "small" in told["message"]
    assert len(chains["count/secrets"].children(SECRET)) == QUOTAS["count/secrets"]
    for chain in chains.values():
        chain.api.delete(RESOURCE_QUOTA, chain.namespace, "small")
        chain.poke()
    for chain in chains.values():
        chain.wait_founded()


def is_counted(chain: Chain) -> bool:
    found = chain.get(RESOURCE_QUOTA, "small")
    return bool(found and found.get("status", {}).get("used"))


@pytest.mark.campaign
def test_a_namespace_that_goes_while_its_chain_is_founded_is_no_trouble(
    new_chain: NewChain, namespaces: Namespaces, operator: OperatorProcess, api: Api
) -> None:
    going = new_chain(namespaces.make())
    # Keeps the namespace, and so the state in which nothing can be created, for a while.
    note = {"metadata": {"name": "keep", "finalizers": ["example.com/keep"]}}
    api.create(CONFIG_MAP, going.namespace, note)
    going.create()
    wait_until(lambda: going.children(SECRET), "its first key", going.report)
    api.delete(NAMESPACE, "", going.namespace)
    wait_until(lambda: not going.children(SECRET), "its keys are gone", going.report)
    staying = new_chain()
    staying.found()
    assert operator.is_running()
    assert operator.work().errors == 0
    api.patch(CONFIG_MAP, going.namespace, "keep", {"metadata": {"finalizers": None}})
    namespaces.made.remove(going.namespace)
