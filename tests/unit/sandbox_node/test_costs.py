"""What transactions cost: a balance, and the gas that the committee takes."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from consortium_sandbox.node import abi
from consortium_sandbox.node.executor.calls import Place, Rules
from consortium_sandbox.node.executor.run import call, execute
from consortium_sandbox.node.keys import STANDARD
from consortium_sandbox.node.releases import release
from consortium_sandbox.node.state import State, genesis_changes
from consortium_sandbox.node.transaction import TransactionData, decode, sign
from tests.unit.sandbox_node.test_contracts import (
    COMMITTEE,
    GOVERNOR,
    KEY,
    NEW,
    RULES,
    SET_NODE,
    World,
)
from tests.unit.sandbox_node.test_genesis import genesis, text_of


@pytest.mark.parametrize(
    ("executor", "serial", "status"), [(0, True, 7), (0, False, 0), (1, True, 0)]
)
def test_executor_0_asks_for_a_balance_at_any_price(
    executor: int, serial: bool, status: int
) -> None:
    world = World()
    world.state.set_setting("feature_balance_policy1", "1", 0)
    code = TransactionData(input=bytes.fromhex("6001600c60003960016000f300"))
    place = Place(Rules(STANDARD, release("3.16.4"), serial, executor), 1)
    assert execute(world.state, decode(sign(code, KEY, STANDARD), STANDARD), place).status == status


def test_a_committee_that_took_more_gas_than_there_was_is_not_there() -> None:
    """The node starts all the same (BaselineScheduler.h): the receipts of block 0 are not read."""

    def answer(limit: int, executor: int) -> tuple[int, str]:
        text = text_of().replace("gas_limit=3000000000", f"gas_limit={limit}")
        founded = genesis(re.sub(r"(?m)^(\s*version=)\d$", rf"\g<1>{executor}", text))
        state = State(genesis_changes(founded, RULES.release))
        data = abi.selector("isGovernor(address)", STANDARD) + bytes(12) + bytes.fromhex(GOVERNOR)
        found = call(state, Place(RULES, 1), GOVERNOR, f"{COMMITTEE:040x}", data)
        return found.status, found.message

    assert answer(635_887, 1) == answer(635_886, 0) == (0, "")
    assert answer(635_886, 1) == (19, "Call address error.")


@pytest.mark.parametrize(
    ("executor", "flag", "limit", "status"),
    [(1, "0", 299_999, 12), (1, "0", 300_000, 0), (0, "1", 299_999, 12), (0, "0", 1, 0)],
)
def test_a_proposal_runs_out_of_gas(executor: int, flag: str, limit: int, status: int) -> None:
    world = World(auth=True)
    settings = {"bugfix_precompiled_gascalc": flag}
    for key, value in (settings | {"tx_gas_limit": str(limit)}).items():
        world.state.set_setting(key, value, 0)
    data = abi.selector(SET_NODE, STANDARD)
    data += abi.encode(abi.parameters(SET_NODE), [NEW, 0, True, 10])
    sent = sign(TransactionData(to=f"{COMMITTEE:040x}", input=data), KEY, STANDARD)
    transaction = decode(sent, STANDARD)
    state = world.state
    state.put("governors", json.dumps({(transaction.sender or b"").hex(): 1}))
    place = Place(replace(RULES, executor=executor), 1)
    assert execute(state, transaction, place).status == status
