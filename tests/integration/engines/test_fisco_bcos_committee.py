"""A committee at work on running nodes: what the operator proposes, votes on and leaves alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from consortium_operator.chain.changes import (
    Change,
    GovernorChange,
    MemberChange,
    RatesChange,
    SettingChange,
    Standing,
)
from consortium_operator.chain.committee import (
    Committee,
    OpenProposal,
    Proposed,
    Withdrawal,
)
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.committee import ProposalStatus
from consortium_operator.engines.fisco_bcos.node.governance import Governance
from consortium_operator.engines.protocol import Enacted, Mandate
from tests.integration.engines.fisco_bcos_chain import LocalChain

OBSERVER = MemberChange("ab" * 64, Standing.OBSERVER)
LIMIT, OTHER_LIMIT = (
    SettingChange("tx_count_limit", "1700"),
    SettingChange("tx_count_limit", "1800"),
)


@dataclass
class Notes:
    """Minutes in memory. `forgets_numbers`: as if the operator died after each proposal."""

    generation: int = 1
    kept: dict[str, Proposed] = field(default_factory=dict)
    forgets_numbers: bool = False

    def of(self, kind: str) -> Proposed | None:
        return self.kept.get(kind)

    async def note(self, kind: str, proposed: Proposed) -> None:
        if proposed.number is None or not self.forgets_numbers:
            self.kept[kind] = proposed


@dataclass
class Committees:
    """A chain governed by its admin, a second governor with a key here, and a foreign one."""

    chain: LocalChain
    second: tuple[str, PrivateFiles]
    foreign: tuple[str, PrivateFiles]

    @property
    def through(self) -> Governance:
        return self.chain.governance(self.chain.nodes[0])

    async def enact(self, change: Change, notes: Notes, *accounts: PrivateFiles) -> Enacted:
        return await self.chain.client.enact(self._mandate(notes, accounts), change)

    async def withdraw(self, kind: str, notes: Notes, *accounts: PrivateFiles) -> Withdrawal:
        return await self.chain.client.withdraw(self._mandate(notes, accounts), kind)

    def _mandate(self, notes: Notes, accounts: Sequence[PrivateFiles]) -> Mandate:
        node = self.chain.nodes[0]
        return Mandate(
            self.chain.endpoint(node),
            self.chain.identity(node.member),
            accounts or (self.chain.account, self.second[1]),
            self.chain.plan,
            notes,
        )

    async def send(self, call: calls.ContractCall) -> str | None:
        """By the foreign governor."""
        return (await self.through.send(self.foreign[1], call)).refusal


@pytest.fixture(scope="module")
def committees(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Committees]:
    chain = LocalChain(tmp_path_factory.mktemp("chain"))
    try:
        chain.start()
        yield Committees(chain, chain.new_account(), chain.new_account())
    finally:
        chain.stop()


async def test_a_committee_is_made_one_proposal_at_a_time(committees: Committees) -> None:
    await committees.chain.settled()
    notes, admin = Notes(), committees.chain.account
    second, foreign = committees.second[0], committees.foreign[0]
    for change in (GovernorChange(second, 1), GovernorChange(foreign, 2), RatesChange(51, 51)):
        assert await committees.enact(change, notes, admin) == Enacted(holds=True)
        assert await committees.enact(change, notes, admin) == Enacted(holds=True)
    assert await committees.through.committee() == Committee(
        {committees.chain.address: 1, second: 1, foreign: 2}, 51, 51
    )


async def test_a_proposal_waits_for_the_others_and_is_found_again(committees: Committees) -> None:
    """4 of weight: ours have 2, which is less than 51 %."""
    notes = Notes(forgets_numbers=True)
    waiting = await committees.enact(OBSERVER, notes)
    number = waiting.proposal.number if waiting.proposal is not None else 0
    assert waiting == Enacted(
        holds=False,
        proposal=OpenProposal(
            number,
            committees.chain.address,
            is_ours=True,
            vote=f"voteProposal(uint256,bool) with {number}, true to 0x{'10001':0>40}",
        ),
    )
    voters = {committees.chain.address, committees.second[0]}
    assert (await committees.through.proposal(number)).agreed == voters
    assert await committees.enact(OBSERVER, notes) == waiting
    assert await committees.send(calls.vote(number, agree=True)) is None
    assert await committees.enact(OBSERVER, notes) == Enacted(holds=True)


async def test_a_foreign_proposal_is_left_alone(committees: Committees) -> None:
    removal = MemberChange(OBSERVER.node_id, Standing.OUTSIDE)
    assert await committees.send(calls.propose_removal(OBSERVER.node_id, 1000)) is None
    found = await committees.enact(removal, Notes())
    assert found.proposal is not None
    assert (found.proposal.proposer, found.proposal.is_ours) == (committees.foreign[0], False)
    foreign = await committees.through.proposal(found.proposal.number)
    assert foreign.agreed == {committees.foreign[0]}
    assert await committees.send(calls.revoke(found.proposal.number)) is None


async def test_an_outdated_proposal_of_ours_makes_room(committees: Committees) -> None:
    notes = Notes()
    first = await committees.enact(LIMIT, notes)
    assert first.proposal is not None
    assert await committees.enact(OTHER_LIMIT, notes) == Enacted(holds=False)
    second = await committees.enact(OTHER_LIMIT, notes)
    assert second.proposal is not None
    assert second.proposal.number > first.proposal.number
    assert await committees.send(calls.vote(second.proposal.number, agree=True)) is None
    assert await committees.enact(OTHER_LIMIT, notes) == Enacted(holds=True)
    assert await committees.through.values(["tx_count_limit"]) == {"tx_count_limit": "1800"}


async def test_a_proposal_that_nobody_asks_for_any_more_is_revoked(committees: Committees) -> None:
    notes = Notes()
    waiting = await committees.enact(LIMIT, notes)
    assert waiting.proposal is not None
    (kind,) = notes.kept
    strangers = await committees.withdraw(kind, notes, committees.foreign[1])
    assert strangers.refusal is not None
    assert f"revokeProposal(uint256) with {waiting.proposal.number}" in strangers.refusal
    assert await committees.withdraw(kind, notes) == Withdrawal(waiting.proposal.number)
    found = await committees.through.proposal(waiting.proposal.number)
    assert found.status is ProposalStatus.REVOKED
    assert await committees.withdraw(kind, notes) == Withdrawal()


async def test_what_the_committee_voted_down_is_proposed_anew_by_another_wish(
    committees: Committees,
) -> None:
    notes = Notes()
    waiting = await committees.enact(LIMIT, notes)
    assert waiting.proposal is not None
    number = waiting.proposal.number
    assert await committees.send(calls.vote(number, agree=False)) is None
    denied = await committees.enact(LIMIT, notes)
    assert denied.refusal is not None
    assert denied.refusal.startswith(f"the committee has voted against proposal {number}")
    notes.generation = 2
    again = await committees.enact(LIMIT, notes)
    assert again.proposal is not None
    assert again.proposal.number > number
    assert await committees.send(calls.vote(again.proposal.number, agree=True)) is None


async def test_without_a_governors_key_nothing_is_proposed(committees: Committees) -> None:
    _, stranger = committees.chain.new_account()
    found = await committees.enact(OTHER_LIMIT, Notes(), stranger)
    assert found.refusal is not None
    assert "spec.fiscoBcos.governors[].secretName" in found.refusal


async def test_the_founder_leaves_by_the_proposal_of_another(committees: Committees) -> None:
    leaves, notes = GovernorChange(committees.chain.address, 0), Notes()
    waiting = await committees.enact(leaves, notes)
    assert waiting.proposal is not None
    assert waiting.proposal.proposer == committees.second[0]
    assert await committees.send(calls.vote(waiting.proposal.number, agree=True)) is None
    assert await committees.enact(leaves, notes) == Enacted(holds=True)
    found = await committees.through.committee()
    assert found.governors == {committees.second[0]: 1, committees.foreign[0]: 2}
