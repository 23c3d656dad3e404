"""Finding the transaction that made a proposal, in what a node answers."""

from pathlib import Path

import pytest

from consortium_operator.engines.fisco_bcos import abi
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.calls import OPEN_FOR_BLOCKS, ContractCall
from consortium_operator.engines.fisco_bcos.governance.committee import (
    NODE_REMOVAL,
    Proposal,
    ProposalStatus,
)
from consortium_operator.engines.fisco_bcos.node.origin import call_of
from consortium_operator.engines.fisco_bcos.node.rpc import open_connection
from consortium_operator.engines.fisco_bcos.node.sending import Sender
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD
from tests.unit.engines.fisco_bcos.node.scripted_node import (
    HEALTHY,
    PATIENT,
    Deed,
    Script,
    client,
    result,
    running,
)

BLOCK = 12
PROPOSAL = Proposal(7, NODE_REMOVAL, "0x" + "a" * 40, BLOCK + OPEN_FOR_BLOCKS, ProposalStatus.OPEN)
REFUSED = calls.propose_removal("ab" * 64, OPEN_FOR_BLOCKS)
TAKEN = calls.propose_removal("cd" * 64, OPEN_FOR_BLOCKS)


def transaction(number: int, call: ContractCall) -> dict[str, str]:
    return {"hash": f"0x{number}", "to": call.to, "input": "0x" + call.encode(STANDARD).hex()}


def receipt(status: int, output: bytes) -> bytes:
    return result({"status": status, "output": "0x" + output.hex()})


BLOCK_OF_TWO = result({"transactions": [transaction(1, REFUSED), transaction(2, TAKEN)]})
FIRST_REFUSED = (receipt(16, b""), receipt(0, abi.encode(["uint256"], [7])))


async def found(directory: Path, script: Script) -> ContractCall | None:
    sender = Sender("chain0", "group0", PATIENT)
    async with (
        running(directory, {**HEALTHY, **script}) as node,
        open_connection(node.endpoint, client(), PATIENT) as connection,
    ):
        call = await call_of(connection, sender, PROPOSAL, 100)
        assert node.asked[0] == ("getBlockByNumber", ["group0", "", BLOCK, False, False])
        return call


async def test_of_two_in_one_block_it_is_the_one_whose_receipt_has_the_number(
    tmp_path: Path,
) -> None:
    script: Script = {"getBlockByNumber": BLOCK_OF_TWO, "getTransactionReceipt": FIRST_REFUSED}
    assert await found(tmp_path, script) == TAKEN


@pytest.mark.parametrize(
    "script",
    [
        {"getBlockByNumber": result({"transactions": []})},
        {"getBlockByNumber": b'{"error": {"code": 1, "message": "no block"}}'},
        {"getBlockByNumber": BLOCK_OF_TWO, "getTransactionReceipt": Deed.CLOSE},
        {"getBlockByNumber": BLOCK_OF_TWO, "getTransactionReceipt": receipt(0, b"")},
    ],
    ids=["another block", "no block", "no answer", "a receipt without a number"],
)
async def test_where_it_is_not_found_there_is_none(tmp_path: Path, script: Script) -> None:
    assert await found(tmp_path, script) is None
