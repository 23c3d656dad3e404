"""The governance contract, 0x…10001 (bcos-auth: CommitteeManager, ProposalManager, VoteComputer).

A governor's proposal counts as its vote. When participation and approval reach their rates (0 and 0
at the founding: any single vote is enough, even a "no"), the proposal is carried out in the same
transaction and logs execResult(int256). There is one open proposal per type and resource, and the
types that change nodes and settings share one resource each for the whole chain.
"""

from __future__ import annotations

from consortium_sandbox.node import abi
from consortium_sandbox.node.block import LogEntry
from consortium_sandbox.node.executor import committee_views
from consortium_sandbox.node.executor.calls import COMMITTEE_ADDRESS, Call, Result, revert
from consortium_sandbox.node.executor.committee_state import (
    DENIED,
    OPEN,
    PASSED,
    REVOKED,
    Council,
    Proposal,
)
from consortium_sandbox.node.executor.proposals import KINDS

VOTE = "voteProposal(uint256,bool)"
REVOKE = "revokeProposal(uint256)"
IS_GOVERNOR = "isGovernor(address)"
TYPE_OF = "getProposalType(uint256)"
COMMITTEE_OF = "_committee()"
PROPOSALS_OF = "_proposalMgr()"
_SIGNATURES = (*KINDS, VOTE, REVOKE, IS_GOVERNOR, TYPE_OF, COMMITTEE_OF, PROPOSALS_OF)


def contract(call: Call) -> Result:
    signature = call.function(_SIGNATURES)
    if signature is None:
        raise revert("")
    arguments = call.arguments(signature)
    council = Council(call.state)
    if signature == IS_GOVERNOR:
        found = abi.hex_of(arguments[0]) in council.governors
        return Result(abi.encode(["bool"], [found]))
    if signature == TYPE_OF:
        proposal = council.proposal(abi.number_of(arguments[0]))
        return Result(abi.encode(["uint8"], [proposal.kind if proposal else 0]))
    if signature in (COMMITTEE_OF, PROPOSALS_OF):
        of_committee = signature == COMMITTEE_OF
        where = committee_views.COMMITTEE if of_committee else committee_views.PROPOSALS
        return Result(abi.encode(["address"], [bytes.fromhex(where)]))
    if call.sender not in council.governors:
        raise revert("you must be governor")
    if signature == VOTE:
        number, agree = abi.number_of(arguments[0]), bool(arguments[1])
        return Result(b"", _vote(call, council, number, agree=agree))
    if signature == REVOKE:
        return _revoke(call, council, abi.number_of(arguments[0]))
    return _create(call, council, signature, arguments)


def _create(call: Call, council: Council, signature: str, arguments: list[abi.Value]) -> Result:
    kind = KINDS[signature]
    kind.check(call, arguments)
    resource = kind.resource(arguments)
    open_one = council.slot(kind.number, resource)
    if open_one and council.refreshed(open_one, call.block_number).status == OPEN:
        raise revert("Current proposal not end")
    number = council.add(
        Proposal(
            kind=kind.number,
            resource=resource,
            proposer=call.sender,
            ends=call.block_number + abi.number_of(arguments[-1]),
            signature=signature,
            input=call.input.hex(),
        )
    )
    logs = _vote(call, council, number, agree=True)
    return Result(abi.encode(["uint256"], [number]), logs)


def _revoke(call: Call, council: Council, number: int) -> Result:
    if council.proposal(number) is None:
        raise revert("Proposal not exist")
    proposal = council.refreshed(number, call.block_number)
    if proposal.status != OPEN:
        raise revert("Only newly created proposal can be revoked")
    if proposal.proposer != call.sender:
        raise revert("Only proposer can revoke")
    council.put(number, proposal.with_status(REVOKED))
    return Result()


def _vote(call: Call, council: Council, number: int, *, agree: bool) -> tuple[LogEntry, ...]:
    """Add the sender's vote, and carry the proposal out if that was enough.

    Whether its blocks are over is not looked at here: only a new proposal in the same slot, or a
    look at it, ends an outdated one.
    """
    proposal = council.proposal(number)
    if proposal is None:
        raise revert("Proposal not exist")
    if proposal.status != OPEN:
        raise revert("Proposal is not votable")
    if proposal.has_voted(call.sender):
        raise revert("Already voted")
    proposal = proposal.with_vote(call.sender, agree=agree)
    status = _outcome(council, proposal)
    council.put(number, proposal.with_status(status))
    if status != PASSED:
        return ()
    data = bytes.fromhex(proposal.input)
    arguments = abi.decode(abi.parameters(proposal.signature), data[4:])
    result = KINDS[proposal.signature].execute(call, arguments)
    topic = call.suite.hash(b"execResult(int256)")
    return (LogEntry(COMMITTEE_ADDRESS, (topic,), abi.encode(["int256"], [result])),)


def _outcome(council: Council, proposal: Proposal) -> int:
    """VoteComputer: first enough votes, then enough agreement among them."""
    participation, win = council.rates
    agreed = council.weight(proposal.agree)
    voted = agreed + council.weight(proposal.against)
    if voted * 100 < council.weight(council.governors) * participation:
        return OPEN
    return PASSED if agreed * 100 >= win * voted else DENIED
