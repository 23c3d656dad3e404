"""A chain that is as it should be costs nothing: no writes, no reads, no noise."""

import time
from collections.abc import Iterator

import pytest

from consortium_operator.kube.kinds import EVENT
from tests.api_server import Api
from tests.integration.operator.conftest import Account, Namespaces
from tests.integration.operator.support.chain import Chain
from tests.integration.operator.support.process import VERSION, OperatorProcess
from tests.recorder import Recorder


@pytest.fixture(scope="module")
def place(api: Api, account: Account, recorder: Recorder) -> Iterator[str]:
    namespaces = Namespaces(api, account)
    yield namespaces.make()
    broken = recorder.violations(namespaces.made[0])
    namespaces.remove()
    assert not broken, "\n".join(broken)


@pytest.fixture(scope="module")
def operator(
    account: Account, place: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """It sees this namespace alone: what it does for the chains of other tests would be counted."""
    directory = tmp_path_factory.mktemp("quiet")
    process = OperatorProcess(account.kubeconfig, directory, options=[f"--namespace={place}"])
    process.start()
    yield process
    assert process.stop() == 0, process.log()


@pytest.fixture(scope="module")
def chain(api: Api, place: str, operator: OperatorProcess) -> Chain:
    chain = Chain(api, place, operator.log)
    chain.found()
    # On a busy machine the round that founded it may still be at work.
    operator.look_again(chain.poke)
    operator.look_again(chain.poke)
    return chain


def test_a_round_that_finds_nothing_new_makes_no_api_call(
    chain: Chain, operator: OperatorProcess
) -> None:
    before = operator.work()
    for _ in range(3):
        operator.look_again(chain.poke)
    after = operator.work()
    assert after.rounds > before.rounds
    assert (after.calls, after.errors) == (before.calls, before.errors)


def test_its_own_status_does_not_make_it_look_again(
    chain: Chain, operator: OperatorProcess
) -> None:
    """Else each write would cause the next round, and that one the next write. A chain that waits
    for a person is looked at every 15 s, so that within a second or two nothing else does. Before,
    while its pods are awaited, it is looked at every 2 s: the last time was just now."""
    operator.look_again(chain.poke)
    before = operator.work().rounds
    chain.edit(version="3.99.0")
    chain.wait("SpecValid", "False", "UnknownVersion")
    time.sleep(1)
    assert operator.work().rounds == before + 1
    chain.edit(version=VERSION)
    chain.wait_founded()


@pytest.mark.campaign
def test_twenty_looks_and_three_restarts_of_the_operator_change_nothing(
    chain: Chain, operator: OperatorProcess, api: Api
) -> None:
    """A restart reads and compares all that a slow resync does."""
    since = api.version(chain.namespace)
    children, resource = chain.versions(), chain.resource()
    for _ in range(20):
        operator.look_again(chain.poke)
    for _ in range(3):
        operator.restart()
        operator.look_again(lambda: None)
    assert chain.versions() == children
    found = chain.resource()
    assert (found["spec"], found["status"]) == (resource["spec"], resource["status"])
    # An apply that changes nothing is no event either.
    changed = [e.path for e in api.history(chain.namespace, since) if not e.path.startswith("St")]
    assert changed == []
    assert operator.work().errors == 0


def test_what_happened_was_told_once(chain: Chain, api: Api) -> None:
    told = [
        (obj["reason"], obj["message"])
        for obj in api.all(EVENT, chain.namespace)
        if obj.get("source", {}).get("component") == "consortium-operator"
    ]
    assert {"SpecValid", "GenesisSealed"} <= {reason for reason, _ in told}
    assert len(told) == len(set(told))
