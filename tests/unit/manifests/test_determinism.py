"""The same chain gives the same objects, however its resource is written."""

import random

from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.api.parse import parse
from consortium_operator.chain.plan import make_plan
from tests import chains
from tests.whole_chain import whole_chain


def members() -> list[dict[str, object]]:
    return [
        chains.member(name, chains.node("shenzhen", count=2), chains.node("beijing", weight=2))
        for name in ("huawei", "tencent", "webank")
    ]


@given(st.randoms(use_true_random=False))
def test_the_order_of_members_and_nodes_does_not_matter(order: random.Random) -> None:
    shuffled = members()
    order.shuffle(shuffled)
    for member in shuffled:
        nodes = member["nodes"]
        assert isinstance(nodes, list)
        order.shuffle(nodes)
    reference = make_plan(parse(chains.resource(*members())), chains.SETTINGS)
    found = make_plan(parse(chains.resource(*shuffled)), chains.SETTINGS)
    assert whole_chain(found) == whole_chain(reference)
