"""What a proposal asks for: the committee keeps it where nobody may look, but the transaction that
made the proposal says it, and the proposal's last block says where that transaction is."""

from collections.abc import Iterator

from consortium_operator.engines.fisco_bcos import abi
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall
from consortium_operator.engines.fisco_bcos.governance.committee import Proposal, kind_of
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite

# java-sdk AuthManager, and so the console: a week of a block a second.
_BLOCKS_OF_THE_SDK = 7 * 24 * 3600
_INTERVALS = (calls.OPEN_FOR_BLOCKS, _BLOCKS_OF_THE_SDK)

_FUNCTIONS = (
    calls.PROPOSE_NODE,
    calls.PROPOSE_REMOVAL,
    calls.PROPOSE_VALUE,
    calls.PROPOSE_GOVERNOR,
    calls.PROPOSE_RATES,
)


def blocks_to_search(proposal: Proposal, height: int) -> Iterator[int]:
    """A proposal ends its interval after the block that made it (ProposalManager.sol)."""
    for interval in _INTERVALS:
        if 0 < proposal.ends - interval <= height:
            yield proposal.ends - interval


def read_call(to: str, content: bytes, suite: CryptoSuite) -> ContractCall | None:
    """The proposal that a transaction makes; None where it makes none that is known."""
    # Tools write it with 0x, or without.
    if to.removeprefix("0x") != calls.COMMITTEE:
        return None
    for function in _FUNCTIONS:
        selector = suite.selector(function)
        if content.startswith(selector):
            try:
                arguments = abi.decode(abi.parameters(function), content[len(selector) :])
            except abi.AbiError:
                return None
            return ContractCall(calls.COMMITTEE, function, arguments, ("uint256",))
    return None


def may_have_made(call: ContractCall, proposal: Proposal, block: int) -> bool:
    """Its receipt has the last word: in one block one may be refused, and the next one taken."""
    return kind_of(call) == proposal.kind and call.arguments[-1] == proposal.ends - block


def asked_in_words(call: ContractCall) -> str:
    """What the chain would do. Names and values are anybody's text."""
    match call.function, call.arguments:
        case calls.PROPOSE_NODE, (node, 0, True, _):
            return f"make node {node} an observer"
        case calls.PROPOSE_NODE, (node, weight, True, _):
            return f"make node {node} a sealer of weight {weight}"
        case calls.PROPOSE_NODE, (node, weight, False, _):
            return f"set the weight of node {node} to {weight}"
        case calls.PROPOSE_REMOVAL, (node, _):
            return f"remove node {node}"
        case calls.PROPOSE_VALUE, (key, value, _):
            return f"set {key} to {value}"
        case calls.PROPOSE_GOVERNOR, (governor, 0, _):
            return f"remove governor {governor}"
        case calls.PROPOSE_GOVERNOR, (governor, weight, _):
            return f"give governor {governor} the weight {weight}"
        case calls.PROPOSE_RATES, (participation, win, _):
            return f"set the rates: {participation} % must vote, {win} % of it agree"
    return call.in_words()
