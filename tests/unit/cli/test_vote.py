"""`consortium vote`, as far as it goes without a chain. With one: tests/integration/cli."""

from pathlib import Path

import pytest

from consortium_operator.chain.committee import Committee
from consortium_operator.cli.vote import lines
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.committee import (
    NODE_REMOVAL,
    Ballot,
    Proposal,
    ProposalKind,
    ProposalStatus,
    governor_weight,
    in_words,
)
from tests.unit.cli.commands import consortium

ANNA, BERT = "0x" + "a" * 40, "0x" + "b" * 40
OPEN = Proposal(7, NODE_REMOVAL, ANNA, 100, ProposalStatus.OPEN, frozenset({ANNA}))
COMMITTEE = Committee({ANNA: 2, BERT: 1}, 51, 60)


@pytest.mark.parametrize(
    "words",
    [(), ("7",), ("--list", "7"), ("7", "--list", "--key", "account.pem")],
    ids=["nothing", "no key", "both", "both and a key"],
)
def test_it_either_lists_or_votes_with_a_key(words: tuple[str, ...], tmp_path: Path) -> None:
    done = consortium("vote", *words, "--rpc", "127.0.0.1:1", "--tls", tmp_path)
    assert done.code == 2
    assert "give either --list, or the number of a proposal and --key" in done.stderr


@pytest.mark.parametrize("rpc", ["127.0.0.1", ":20200", "host:0", "host:port", "host:65536"])
def test_an_address_that_is_none_exits_with_2(rpc: str, tmp_path: Path) -> None:
    done = consortium("vote", "--list", "--rpc", rpc, "--tls", tmp_path)
    assert (done.code, done.stderr) == (2, f"error: --rpc {rpc}: not HOST:PORT\n")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    done = consortium("vote", "--list", "--rpc", "127.0.0.1:1", "--tls", tmp_path)
    assert done.code == 2
    assert f"{tmp_path}/ca.crt: no such file or directory" in done.stderr


def test_a_proposal_is_shown_with_its_weights_and_its_time() -> None:
    assert list(lines([Ballot(OPEN, COMMITTEE, 90)])) == [
        "proposal 7: remove a node",
        "  details:  not found on the chain; ask the proposer before you vote",
        "  state:    open",
        f"  proposer: {ANNA}",
        "  weight:   2 for, 0 against, of 3",
        "  rates:    51 % must vote, 60 % of it agree",
        "  ends:     in 10 blocks",
    ]


def test_what_it_asks_for_is_told_without_letters_that_a_terminal_obeys() -> None:
    call = calls.propose_removal("cd\x1b[2J", 10)
    first, second, *_ = lines([Ballot(OPEN, COMMITTEE, 90, call)])
    assert (first, second) == ("proposal 7: remove node cd?[2J", "  state:    open")


def test_one_whose_blocks_are_over_is_outdated_though_the_chain_calls_it_open() -> None:
    late = Ballot(OPEN, COMMITTEE, 101)
    assert (late.is_open, late.state, late.blocks_left) == (False, "outdated", 0)


def test_what_it_would_do_is_told_by_kind() -> None:
    assert in_words(governor_weight(BERT)) == f"set the weight of governor {BERT}, or remove it"
    assert in_words(ProposalKind(22, "cd")) == "a proposal of type 22 about 0xcd"
