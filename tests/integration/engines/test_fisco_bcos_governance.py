"""Governance against running node processes: what is sent, and what the chain says afterwards."""

import asyncio
from collections.abc import Iterator

import pytest

from consortium_operator.chain.changes import Change, MemberChange, Standing
from consortium_operator.chain.committee import Committee
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.governance import calls, committee
from consortium_operator.engines.fisco_bcos.governance.changes import holds, next_proposal
from consortium_operator.engines.fisco_bcos.governance.committee import (
    ProposalKind,
    ProposalStatus,
)
from consortium_operator.engines.fisco_bcos.governance.outcomes import (
    REVERTS,
    Outcome,
    ReturnCode,
    words_of,
)
from consortium_operator.engines.fisco_bcos.node.governance import Governance
from consortium_operator.engines.protocol import ChainCallFailed
from tests.integration.engines.fisco_bcos_chain import LocalChain

STRANGER = "ab" * 64
BLOCKS = 1000


@pytest.fixture(scope="module", params=["Standard", pytest.param("SM", marks=pytest.mark.campaign)])
def chain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalChain]:
    """With auth on, as it is by default: its admin is the sole governor."""
    found = LocalChain(tmp_path_factory.mktemp("chain"), cryptography=request.param)
    yield from started(found)


@pytest.fixture(scope="module")
def open_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalChain]:
    """With auth off: whoever reaches JSON-RPC changes it."""
    found = LocalChain(tmp_path_factory.mktemp("open"), executor={"authCheck": False})
    yield from started(found)


def started(found: LocalChain) -> Iterator[LocalChain]:
    try:
        found.start()
        yield found
    finally:
        found.stop()


async def governing(chain: LocalChain) -> Governance:
    await chain.settled()
    return chain.governance(chain.nodes[0])


async def propose(through: Governance, account: PrivateFiles, change: Change) -> Outcome:
    call = next_proposal(change, await through.state(change), BLOCKS)
    assert call is not None
    return await through.send(account, call)


async def has_open_proposal(through: Governance, kind: ProposalKind) -> bool:
    last = await through.last_proposal(kind)
    return last is not None and await through.is_open(last)


# --- auth off -----------------------------------------------------------------------------------


@pytest.mark.campaign
async def test_anybody_changes_the_members_of_an_open_chain(open_chain: LocalChain) -> None:
    through = await governing(open_chain)
    _, anybody = open_chain.new_account()
    for change in (
        MemberChange(STRANGER, Standing.OBSERVER),
        MemberChange(STRANGER, Standing.SEALER, 1),
        MemberChange(STRANGER, Standing.OBSERVER),
        MemberChange(STRANGER, Standing.OUTSIDE),
    ):
        changed = await through.change(anybody, change)
        assert changed.outcome is not None
        assert changed.outcome.is_carried_out
        assert changed.holds


@pytest.mark.campaign
async def test_what_cannot_be_is_refused_with_its_reason(open_chain: LocalChain) -> None:
    through, account = await governing(open_chain), open_chain.account
    refusals = {
        (await through.send(account, call)).refusal
        for call in (
            calls.add_sealer(STRANGER, 1),
            calls.add_observer("abcd"),
            calls.remove_node(STRANGER),
            calls.set_weight(next(iter(open_chain.weights)), 0),
        )
    }
    assert refusals == {
        words_of(code)
        for code in (
            ReturnCode.NOT_AN_OBSERVER,
            ReturnCode.INVALID_NODE_ID,
            ReturnCode.NODE_NOT_FOUND,
            ReturnCode.INVALID_WEIGHT,
        )
    }


@pytest.mark.campaign
async def test_a_setting_of_an_open_chain_is_read_back(open_chain: LocalChain) -> None:
    through = await governing(open_chain)
    outcome = await through.send(open_chain.account, calls.set_value("tx_count_limit", "2000"))
    assert outcome.is_carried_out
    assert await through.values(["tx_count_limit"]) == {"tx_count_limit": "2000"}
    assert await through.values(["nope"]) == {}


# --- auth on ------------------------------------------------------------------------------------


async def test_the_founding_admin_is_the_committee(chain: LocalChain) -> None:
    found = await (await governing(chain)).committee()
    assert found == Committee({chain.address: 1}, 0, 0)


async def test_only_the_committee_changes_the_chain(chain: LocalChain) -> None:
    through = await governing(chain)
    direct = await through.send(chain.account, calls.add_observer(STRANGER))
    assert direct.refusal == words_of(ReturnCode.NO_AUTHORITY)
    _, nobody = chain.new_account()
    proposed = await through.send(nobody, calls.propose_observer(STRANGER, BLOCKS))
    assert proposed.refusal == REVERTS["you must be governor"]
    assert STRANGER not in (await through.members()).observers


async def test_a_proposal_of_the_founding_admin_passes_at_once(chain: LocalChain) -> None:
    through = await governing(chain)
    for change in (
        MemberChange(STRANGER, Standing.OBSERVER),
        MemberChange(STRANGER, Standing.OUTSIDE),
    ):
        outcome = await propose(through, chain.account, change)
        assert outcome.is_carried_out
        assert outcome.proposal is not None
        assert holds(change, await through.state(change))
        found = await through.proposal(outcome.proposal)
        assert found.status is ProposalStatus.PASSED
        assert found.agreed == {chain.address}


async def test_a_proposed_setting_is_read_back(chain: LocalChain) -> None:
    through = await governing(chain)
    call = calls.propose_value("tx_count_limit", "1700", BLOCKS)
    assert (await through.send(chain.account, call)).is_carried_out
    assert await through.values(["tx_count_limit"]) == {"tx_count_limit": "1700"}
    unknown = calls.propose_value("nope", "1", BLOCKS)
    assert (await through.send(chain.account, unknown)).refusal == "unsupported key nope"


async def test_an_observer_is_sent_nothing(chain: LocalChain) -> None:
    through, last = await governing(chain), chain.nodes[-1]
    node_id = chain.register(last).node_id
    demoted = MemberChange(node_id, Standing.OBSERVER)
    assert (await propose(through, chain.account, demoted)).is_carried_out
    by_observer = chain.governance(last)
    await until_it_holds(demoted, by_observer)
    with pytest.raises(ChainCallFailed, match="is no sealer"):
        await by_observer.send(chain.account, calls.propose_observer(STRANGER, BLOCKS))
    back = MemberChange(node_id, Standing.SEALER, 1)
    assert (await propose(through, chain.account, back)).is_carried_out


async def until_it_holds(change: MemberChange, through: Governance) -> None:
    """A node hears of a block a moment after the one that the transaction went through."""
    async with asyncio.timeout(20):
        while True:
            if change.holds(await through.members()):
                return
            await asyncio.sleep(0.2)


async def test_two_governors_decide_together(chain: LocalChain) -> None:
    """The node reference, section 12, step by step. The committee stays so: the last test."""
    through = await governing(chain)
    address, other = chain.new_account()
    await _hand_over(through, chain.account, address)

    change = MemberChange(STRANGER, Standing.OBSERVER)
    proposed = await propose(through, chain.account, change)
    assert (proposed.refusal, proposed.is_carried_out) == (None, False)
    assert not change.holds(await through.members())
    number = proposed.proposal
    assert number is not None
    waiting = await through.last_proposal(committee.NODE_WEIGHT)
    assert waiting is not None
    assert await through.is_open(waiting)
    assert (waiting.number, waiting.proposer) == (number, chain.address)
    assert set(waiting.agreed) == {chain.address}

    again = await through.send(other, calls.propose_observer("cd" * 64, BLOCKS))
    assert again.refusal == REVERTS["Current proposal not end"]
    twice = await through.send(chain.account, calls.vote(number, agree=True))
    assert twice.refusal == REVERTS["Already voted"]
    removal = await through.send(other, calls.propose_removal(STRANGER, BLOCKS))
    assert removal.proposal == number + 1

    voted = await through.send(other, calls.vote(number, agree=True))
    assert voted.is_carried_out
    assert change.holds(await through.members())
    assert not await has_open_proposal(through, committee.NODE_WEIGHT)

    not_ours = await through.send(chain.account, calls.revoke(number + 1))
    assert not_ours.refusal == REVERTS["Only proposer can revoke"]
    assert (await through.send(other, calls.revoke(number + 1))).refusal is None
    assert (await through.proposal(number + 1)).status is ProposalStatus.REVOKED
    assert not await has_open_proposal(through, committee.NODE_REMOVAL)


async def _hand_over(through: Governance, admin: PrivateFiles, address: str) -> None:
    """The second governor first, then the rates: with 0/0 any single vote is enough."""
    assert (await through.send(admin, calls.propose_governor(address, 1, BLOCKS))).is_carried_out
    assert (await through.send(admin, calls.propose_rates(51, 51, BLOCKS))).is_carried_out
    found = await through.committee()
    assert (len(found.governors), found.participation, found.win) == (2, 51, 51)
