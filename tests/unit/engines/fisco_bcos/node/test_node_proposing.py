"""What is open on the chain when the operator has something to propose."""

from dataclasses import dataclass
from typing import cast

from consortium_operator.chain.changes import MemberChange, Members, Standing
from consortium_operator.chain.committee import Committee, OpenProposal, Proposed
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.governance.committee import (
    Proposal,
    ProposalKind,
    ProposalStatus,
)
from consortium_operator.engines.fisco_bcos.identity import account_register
from consortium_operator.engines.fisco_bcos.node.governance import Governance
from consortium_operator.engines.fisco_bcos.node.proposing import Proposing
from consortium_operator.engines.fisco_bcos.node.sending import Sender
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD
from tests.unit.engines.fisco_bcos.material import secp256k1

BEFORE, NOW = (PrivateFiles({"account.pem": secp256k1(number)}) for number in (11, 12))
FORMER, GOVERNOR = (account_register(STANDARD, key).address for key in (BEFORE, NOW))
WANTED = MemberChange("ab" * 64, Standing.OBSERVER)


@dataclass
class Chain:
    """One whose committee had another governor when the open proposal was made."""

    sender = Sender("chain0", "group0")

    async def state(self, _: MemberChange) -> Members:
        return Members({"cd" * 64: 1}, frozenset())

    async def committee(self) -> Committee:
        return Committee({GOVERNOR: 1}, 0, 0)

    async def last_proposal(self, kind: ProposalKind) -> Proposal:
        return Proposal(7, kind, FORMER, 1000, ProposalStatus.OPEN)

    async def is_open(self, _: Proposal) -> bool:
        return True


@dataclass
class Notes:
    noted: Proposed
    generation: int = 2

    def of(self, _: str) -> Proposed:
        return self.noted

    async def note(self, kind: str, proposed: Proposed) -> None:
        raise AssertionError(f"nothing is proposed: {kind} {proposed}")


def proposing(noted: Proposed) -> Proposing:
    return Proposing(cast(Governance, Chain()), (BEFORE, NOW), Notes(noted))


async def test_a_proposal_of_an_account_that_is_no_governor_any_more_is_still_ours() -> None:
    mine = proposing(Proposed("another call", FORMER, after=6, generation=1, number=7))
    found = await mine.bring_about(WANTED)
    assert found.proposal == OpenProposal(7, FORMER, is_ours=False, was_ours=True)
    refusal = (await mine.withdraw("51-somewhere")).refusal
    assert refusal is not None
    assert f"revoked by {FORMER}, which is no governor with a key here" in refusal


async def test_a_proposal_that_was_never_noted_is_a_foreign_one() -> None:
    foreign = proposing(Proposed("another call", FORMER, after=5, generation=1, number=6))
    found = await foreign.bring_about(WANTED)
    assert found.proposal == OpenProposal(7, FORMER, is_ours=False)
