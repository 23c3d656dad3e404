"""That a chain goes on while something is done to it, and while the operator that does it dies."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.e2e.support.chain import Chain
from tests.e2e.support.members import member_clients
from tests.e2e.support.operator_pod import operator_killed_meanwhile
from tests.e2e.support.pod_watch import PodWatch
from tests.e2e.support.traffic import Traffic
from tests.e2e.support.waiting import wait_until

# A change of leader takes some seconds; a halt of the chain is longer.
LONGEST_PAUSE = 30


@contextmanager
def blocks_go_on(chain: Chain, not_by: str | None = None) -> Iterator[PodWatch]:
    """Never more than one of the sealers away, and never long without a block. `not_by`: the member
    whose node becomes an observer meanwhile, which makes receipts up."""
    with ExitStack() as stack:
        clients = stack.enter_context(member_clients(chain))
        watch = stack.enter_context(PodWatch(chain))
        count = len(chain.pods())
        wait_until(lambda: len(watch.pods_by_name()) == count, "the watch", chain.report)
        traffic = stack.enter_context(
            Traffic([sdk for member, sdk in clients.items() if member != not_by])
        )
        stack.enter_context(operator_killed_meanwhile(chain.kubectl))
        yield watch
        assert len(watch.most_not_ready()) <= 1
        assert traffic.longest_pause() < LONGEST_PAUSE
        blocks = [one.block for one in traffic.mined]
        assert blocks == sorted(set(blocks)), "a block was made twice, or went away"
