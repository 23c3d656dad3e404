"""The two contracts behind the governance contract that clients read: committee and proposals.

Their addresses are what `_committee()` and `_proposalMgr()` of 0x…10001 answer. The real ones come
from how block 0 was executed and were never seen; these are the stand-in's own.
"""

from __future__ import annotations

from consortium_sandbox.node import abi
from consortium_sandbox.node.executor.calls import Call, Result, revert
from consortium_sandbox.node.executor.committee_state import Council

COMMITTEE = f"{0x10F01:040x}"
PROPOSALS = f"{0x10F02:040x}"

INFO, WEIGHT, IS_GOVERNOR = "getCommitteeInfo()", "getWeight(address)", "isGovernor(address)"
COUNT, STATUS = "_proposalCount()", "getProposalStatus(uint256)"
REFRESH, PROPOSAL = "refreshProposalStatus(uint256)", "getProposalInfo(uint256)"
SLOT = "getIdByTypeAndResourceId(uint8,address)"
_PROPOSAL_TYPES = ("address", "address", "uint8", "uint256", "uint8", "address[]", "address[]")


def of_committee(call: Call) -> Result:
    signature = call.function((INFO, WEIGHT, IS_GOVERNOR))
    if signature is None:
        raise revert("")
    council, arguments = Council(call.state), call.arguments(signature)
    governors = council.governors
    if signature == INFO:
        participation, win = council.rates
        types = ["uint8", "uint8", "address[]", "uint32[]"]
        accounts = [bytes.fromhex(account) for account in governors]
        return Result(abi.encode(types, [participation, win, accounts, list(governors.values())]))
    weight = governors.get(abi.hex_of(arguments[0]), 0)
    if signature == WEIGHT:
        return Result(abi.encode(["uint32"], [weight]))
    return Result(abi.encode(["bool"], [weight > 0]))


def of_proposals(call: Call) -> Result:
    signature = call.function((COUNT, STATUS, REFRESH, PROPOSAL, SLOT))
    if signature is None:
        raise revert("")
    council = Council(call.state)
    arguments = call.arguments(signature)
    if signature == COUNT:
        return Result(abi.encode(["uint256"], [council.count]))
    number = abi.number_of(arguments[0])
    if signature == SLOT:
        found = council.slot(number, abi.hex_of(arguments[1]))
        return Result(abi.encode(["uint256"], [found]))
    if signature == REFRESH:
        if council.proposal(number) is None:
            raise revert("Proposal not exist")
        return Result(abi.encode(["uint8"], [council.refreshed(number, call.block_number).status]))
    if signature == STATUS:
        proposal = council.proposal(number)
        return Result(abi.encode(["uint8"], [proposal.status if proposal else 0]))
    return _info(council, number)


def _info(council: Council, number: int) -> Result:
    proposal = council.proposal(number)
    if proposal is None:
        values: list[abi.Value] = [bytes(20), bytes(20), 0, 0, 0, [], []]
        return Result(abi.encode(_PROPOSAL_TYPES, values))
    return Result(
        abi.encode(
            _PROPOSAL_TYPES,
            [
                bytes.fromhex(proposal.resource),
                bytes.fromhex(proposal.proposer),
                proposal.kind,
                proposal.ends,
                proposal.status,
                [bytes.fromhex(account) for account in proposal.agree],
                [bytes.fromhex(account) for account in proposal.against],
            ],
        )
    )
