"""Chains of every kind start from what was rendered for them, agree and make a block.

Two, in which every cryptography, consensus and authority occurs, run in `make test`; all of them
are a campaign.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import chains
from tests.integration.render.standalone import Standalone, running
from tests.unit.engines.fisco_bcos.node_facts import SM, STANDARD
from tests.unit.engines.fisco_bcos.test_matrix import ALL, Case

FEW = (
    Case(STANDARD, "RPBFT", False, "3.11.0"),
    Case(SM, "PBFT", True, "3.6.0"),
)


@pytest.fixture(
    params=[
        pytest.param(case, marks=() if case in FEW else pytest.mark.campaign, id=str(case))
        for case in ALL
    ]
)
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Standalone]:
    case: Case = request.param
    body = chains.resource(
        version=case.version,
        fiscoBcos={
            "cryptography": case.world,
            "consensus": {"type": case.consensus},
            "executor": {"authCheck": case.auth},
        },
    )
    with running(tmp_path, body) as found:
        yield found


async def test_nodes_start_agree_and_make_a_block(chain: Standalone) -> None:
    before = await chain.settled(height=0)
    assert before.foreign_block0 == ()
    await chain.send_transaction()
    after = await chain.settled(height=1)
    assert after.splits == ()
