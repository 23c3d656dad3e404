"""What a proposal asks for, read from the transaction that made it."""

import pytest

from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.calls import OPEN_FOR_BLOCKS, ContractCall
from consortium_operator.engines.fisco_bcos.governance.committee import (
    NODE_REMOVAL,
    NODE_WEIGHT,
    Proposal,
    ProposalStatus,
    kind_of,
)
from consortium_operator.engines.fisco_bcos.governance.origin import (
    asked_in_words,
    blocks_to_search,
    may_have_made,
    read_call,
)
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from tests.unit.engines.fisco_bcos.both_suites import in_both_suites

NODE, ANNA = "cd" * 64, "0x" + "a" * 40
ALL = {
    f"make node {NODE} an observer": calls.propose_observer(NODE, 9),
    f"make node {NODE} a sealer of weight 3": calls.propose_sealer(NODE, 3, 9),
    f"set the weight of node {NODE} to 2": calls.propose_weight(NODE, 2, 9),
    f"remove node {NODE}": calls.propose_removal(NODE, 9),
    "set tx_count_limit to 1700": calls.propose_value("tx_count_limit", "1700", 9),
    f"give governor {ANNA} the weight 2": calls.propose_governor(ANNA, 2, 9),
    f"remove governor {ANNA}": calls.propose_governor(ANNA, 0, 9),
    "set the rates: 51 % must vote, 60 % of it agree": calls.propose_rates(51, 60, 9),
}


def ending(block: int) -> Proposal:
    return Proposal(7, NODE_REMOVAL, ANNA, block, ProposalStatus.OPEN)


@in_both_suites
@pytest.mark.parametrize("words", ALL)
def test_a_transaction_is_read_as_the_call_that_it_is(suite: CryptoSuite, words: str) -> None:
    call = ALL[words]
    assert read_call(call.to, call.encode(suite), suite) == call
    assert read_call("0x" + call.to, call.encode(suite), suite) == call
    assert asked_in_words(call) == words


@in_both_suites
@pytest.mark.parametrize(
    ("to", "cut"), [(calls.CONSENSUS, None), (calls.COMMITTEE, -32), (calls.COMMITTEE, 3)]
)
def test_what_is_no_proposal_is_none(suite: CryptoSuite, to: str, cut: int | None) -> None:
    content = calls.propose_rates(51, 60, 9).encode(suite)
    assert read_call(to, content[:cut], suite) is None
    vote = calls.vote(7, agree=True)
    assert read_call(vote.to, vote.encode(suite), suite) is None


def test_it_is_looked_for_where_the_operator_and_the_sdk_would_have_made_it() -> None:
    assert list(blocks_to_search(ending(604_900), 600_000)) == [594_900, 100]
    assert list(blocks_to_search(ending(604_900), 594_899)) == [100]
    assert list(blocks_to_search(ending(OPEN_FOR_BLOCKS), 5)) == []


@pytest.mark.parametrize(
    ("call", "fits"),
    [
        (calls.propose_removal(NODE, 90), True),
        (calls.propose_removal(NODE, 91), False),
        (calls.propose_observer(NODE, 90), False),
    ],
    ids=["it", "with another end", "of another kind"],
)
def test_it_fits_by_its_kind_and_its_last_block(call: ContractCall, fits: bool) -> None:
    assert may_have_made(call, ending(100), 10) is fits
    assert kind_of(calls.propose_observer(NODE, 90)) == NODE_WEIGHT
