"""The operator killed at any moment, or running twice: in the end there is one chain, as if nothing
had happened."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_server import Api, Happened, labels_of
from tests.integration.operator.conftest import Account, NewChain, violations_of
from tests.integration.operator.support.chain import Chain, members
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until

TWO = members("tencent", "webank")
KILLS = 5


def once(history: list[Happened]) -> None:
    """Every key, register and genesis was made once, never changed, never deleted."""
    kept = {"identity", "tls", "authority", "admin", "register", "genesis", "client", "data"}
    events = [
        (event.path, event.type)
        for event in history
        if event.object["kind"] == "Secret"
        or labels_of(event.object).get("consortium.dev/part") in kept - {"client"}
    ]
    changed = [
        (path, type_)
        for path, type_ in events
        # The controller of volumes writes their status.
        if type_ != "ADDED" and not path.startswith("PersistentVolumeClaim/")
    ]
    assert changed == []
    twice = [
        path for path, count in Counter(p for p, t in events if t == "ADDED").items() if count > 1
    ]
    assert twice == []


def test_a_founding_that_was_killed_five_times_ends_in_one_chain(
    new_chain: NewChain, operator: OperatorProcess, api: Api
) -> None:
    """At random numbers of objects, so that the moments spread over all steps."""
    wanted = new_chain(name="wanted", of=TWO)
    wanted.found()
    shape = set(shapes(wanted))
    wanted.delete()
    chain = new_chain(of=TWO)
    since = api.version(chain.namespace)
    seed = random.randrange(1_000_000)
    moments = sorted(random.Random(seed).sample(range(1, len(shape)), KILLS))
    chain.create()
    for moment in moments:
        wait_until(
            # mypy cannot infer a lambda whose default is the loop's own variable.
            lambda moment=moment: len(chain.children()) >= moment,  # type: ignore[misc]
            f"{moment} objects (seed {seed})",
            chain.report,
        )
        operator.kill()
        operator.start()
    chain.wait_founded()
    history = api.history(chain.namespace, since)
    once(history)
    assert set(shapes(chain)) == shape, f"seed {seed}"
    assert violations_of(api, chain.namespace, since) == [], f"seed {seed}"


def shapes(chain: Chain) -> Iterator[str]:
    """Paths without the chain's name and the hashes of content."""
    for path in chain.versions():
        kind, _, name = path.partition("/")
        name = name.removeprefix(f"{chain.name}-")
        is_hashed = "-cert-" in name or "-config-" in name
        yield f"{kind}/{name[:-10] if is_hashed else name}"


@pytest.fixture
def second(account: Account, tmp_path: Path) -> Iterator[OperatorProcess]:
    process = OperatorProcess(account.kubeconfig, tmp_path)
    process.start()
    yield process
    if process.is_running():
        process.stop()


def test_two_operators_at_once_end_in_one_chain(
    new_chain: NewChain, operator: OperatorProcess, second: OperatorProcess, api: Api
) -> None:
    chain = new_chain(of=TWO)
    since = api.version(chain.namespace)
    chain.create()
    chain.wait_founded()
    once(api.history(chain.namespace, since))
    assert violations_of(api, chain.namespace, since) == []
    before, resource = chain.versions(), chain.resource()
    for process in (operator, second):
        process.look_again(lambda: None)
    assert chain.versions() == before
    assert chain.resource() == resource
    for process in (operator, second):
        assert process.work().errors == 0, process.log()
