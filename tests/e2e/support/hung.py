"""A node whose process lives and does nothing."""

from dataclasses import dataclass

from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import an_account

BLOCKS = 3


@dataclass(frozen=True)
class Hung:
    """`node`: as the status names it. `pod`: as it was before it hung. `missed`: the height that
    the others have reached without it."""

    chain: Chain
    node: str
    pod: Body
    missed: int

    @property
    def member(self) -> str:
        return self.node.partition("/")[0]


def left_behind(chain: Chain, node: str, pod: Body) -> Hung:
    """The others make blocks, from now on without this node."""
    with member_clients(chain) as clients:
        missed = [clients["webank"].send(an_account()) for _ in range(BLOCKS)][-1]
    return Hung(chain, node, pod, missed)
