"""Two operators and one Lease: one works, whatever becomes of the other, and never both.

Each has a proxy of its own, which knows what it wrote and when.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from consortium_operator.handlers import deadline
from consortium_operator.kube.kinds import LEASE, SECRET
from tests.api_server import Api
from tests.charts import NAMESPACE, RELEASE
from tests.integration.operator.conftest import Account, NewChain
from tests.integration.operator.support import brief_lease
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.proxy import Act, Fate, FaultProxy, Seen
from tests.integration.operator.support.waiting import wait_until


@dataclass
class Replica:
    """One of the two, and what it has written to chains and their objects."""

    process: OperatorProcess
    proxy: FaultProxy

    def writes(self) -> list[Seen]:
        return [seen for seen in self.proxy.writes if "/leases/" not in seen.path]


class Pair:
    """`roles` starts those that do not run, one after the other, so that the first one works."""

    def __init__(self, api: Api, replicas: list[Replica]) -> None:
        self._api = api
        self.replicas = replicas

    def roles(self) -> tuple[Replica, Replica]:
        """The one that works, and the one that waits."""
        for replica in self.replicas:
            if not replica.process.is_running():
                replica.process.start()
            wait_until(self._somebody_works, "one of the two works", self.report)
        working, waiting = sorted(self.replicas, key=lambda one: not one.process.is_active())
        assert not waiting.process.is_active()
        return working, waiting

    def holder(self) -> str:
        lease = self._api.get(LEASE, NAMESPACE, RELEASE)
        return str((lease or {}).get("spec", {}).get("holderIdentity") or "")

    def report(self) -> str:
        return "\n".join(replica.process.log() for replica in self.replicas)

    def _somebody_works(self) -> bool:
        return any(replica.process.is_active() for replica in self.replicas)


@pytest.fixture(scope="module")
def pair(account: Account, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with ExitStack() as stack:
        replicas = []
        for name in ("one", "another"):
            directory = tmp_path_factory.mktemp(name)
            proxy = stack.enter_context(closing(FaultProxy(account.kubeconfig, directory)))
            process = OperatorProcess(
                proxy.kubeconfig,
                directory,
                options=[f"--lease={RELEASE}"],
                program=[brief_lease.__name__],
            )
            replicas.append(Replica(process, proxy))
        found = Pair(api, replicas)
        found.roles()
        yield found
        for replica in replicas:
            if replica.process.is_running():
                assert replica.process.stop() == 0, replica.process.log()


@pytest.fixture(scope="module")
def operator(pair: Pair) -> OperatorProcess:
    """The one of them that keys may have leaked from: it has founded everything here."""
    return pair.replicas[0].process


class KillAfter:
    """A fault: whoever writes is killed by its so-many-th write in a namespace."""

    def __init__(self, namespace: str, number: int) -> None:
        self._namespace, self._left = namespace, number

    def __call__(self, seen: Seen) -> Fate | None:
        if seen.is_write and seen.namespace == self._namespace:
            self._left -= 1
            return Act.KILL_AFTER if self._left == 0 else None
        return None


def test_one_works_and_the_other_asks_for_the_lease_and_nothing_else(
    pair: Pair, new_chain: NewChain
) -> None:
    working, waiting = pair.roles()
    new_chain().found()
    assert working.writes()
    assert waiting.process.answer("/readyz") == (200, "ok\n")
    assert {seen.path.rpartition("/leases/")[2] for seen in waiting.proxy.requests} == {RELEASE}
    assert waiting.proxy.writes == []


def test_the_other_finishes_what_a_killed_one_began(pair: Pair, new_chain: NewChain) -> None:
    working, waiting = pair.roles()
    idle = len(waiting.writes())
    working.proxy.kill = working.process.kill
    chain = new_chain()
    working.proxy.faults.append(KillAfter(chain.namespace, 9))
    chain.create()
    wait_until(lambda: working.proxy.kills, "one is killed", pair.report)
    made = {one["metadata"]["uid"] for one in chain.children(SECRET)}
    assert made
    chain.wait_founded()
    assert made <= {one["metadata"]["uid"] for one in chain.children(SECRET)}
    assert waiting.writes()[idle].at - working.writes()[-1].at > brief_lease.TERMS.retry
    working.proxy.faults.clear()


@pytest.mark.campaign
def test_a_frozen_one_that_wakes_up_has_no_word_left(pair: Pair, new_chain: NewChain) -> None:
    """It was about to go on, and everything it knows is old."""
    working, waiting = pair.roles()
    chain = new_chain()
    chain.found()
    working.process.freeze()
    idle = len(waiting.writes())
    chain.edit(networkPolicy={"enabled": False})
    wait_until(lambda: len(waiting.writes()) > idle, "the other works", pair.report)
    before = len(working.proxy.writes)
    working.process.thaw()
    assert working.process.wait_ended() == deadline.EXIT_CODE
    assert "not renewed in time" in working.process.log()
    assert working.proxy.writes[before:] == []


def test_who_is_told_to_end_leaves_the_lease_to_the_other(pair: Pair) -> None:
    working, waiting = pair.roles()
    before = pair.holder()
    assert working.process.stop() == 0
    assert pair.holder() != before
    wait_until(waiting.process.is_active, "the other works", pair.report)


@pytest.mark.campaign
def test_who_finds_another_name_in_the_lease_leaves(pair: Pair, api: Api) -> None:
    working, waiting = pair.roles()
    api.patch(LEASE, NAMESPACE, RELEASE, {"spec": {"holderIdentity": "somebody"}})
    assert working.process.wait_ended() == deadline.EXIT_CODE
    assert "is another's by now" in working.process.log()
    wait_until(waiting.process.is_active, "the other works", pair.report)
