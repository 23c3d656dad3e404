"""Finding the transaction that made a proposal."""

from consortium_operator.engines.fisco_bcos.abi import AbiError, decode
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall
from consortium_operator.engines.fisco_bcos.governance.committee import Proposal
from consortium_operator.engines.fisco_bcos.governance.origin import (
    blocks_to_search,
    may_have_made,
    read_call,
)
from consortium_operator.engines.fisco_bcos.node import answers
from consortium_operator.engines.fisco_bcos.node.asking import ask
from consortium_operator.engines.fisco_bcos.node.rpc import CallFailed, Connection
from consortium_operator.engines.fisco_bcos.node.sending import Sender


async def call_of(
    node: Connection, sender: Sender, proposal: Proposal, height: int
) -> ContractCall | None:
    """None where it is not found: a vote does not depend on it, so no answer is none found."""
    try:
        for block in blocks_to_search(proposal, height):
            found = await _made_in(node, sender, proposal, block)
            if found is not None:
                return found
    except CallFailed:
        pass
    return None


async def _made_in(
    node: Connection, sender: Sender, proposal: Proposal, number: int
) -> ContractCall | None:
    here = (sender.group_id, "")
    block = await ask(node, answers.BLOCK, "getBlockByNumber", *here, number, False, False)
    for one in block.transactions:
        call = read_call(one.to, one.content, sender.suite)
        if call is None or not may_have_made(call, proposal, number):
            continue
        receipt = await ask(node, answers.CALLED, "getTransactionReceipt", *here, one.hash, False)
        if receipt.status == 0 and _number(receipt.output) == proposal.number:
            return call
    return None


def _number(output: bytes) -> object:
    try:
        return decode(("uint256",), output)[0]
    except AbiError:
        return None
