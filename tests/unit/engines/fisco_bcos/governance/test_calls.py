"""The calls of the system contracts, against what real nodes took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.committee import Committee
from consortium_operator.engines.fisco_bcos import abi
from consortium_operator.engines.fisco_bcos.governance import calls, committee
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from tests import observed
from tests.unit.engines.fisco_bcos.both_suites import in_both_suites

NODE = (
    "d67128ef0382802dcfd221256583bc0a61d0bd8fd31998df6009fa99d14fd63f"
    "8e13bb180b7abb02218a25a10217064080fa794af91ab1ed7028c18b68056539"
)
ACCOUNT = "0x1417d259b2aa174fa1696ec5f33440fb287e928d"


@pytest.mark.parametrize(
    ("name", "call"),
    [("addSealer", calls.add_sealer(NODE, 1)), ("addObserver", calls.add_observer(NODE))],
)
def test_a_call_is_the_input_that_a_real_chain_carried_out(name: str, call: ContractCall) -> None:
    receipt = observed.result(f"receipt_{name}")
    assert "0x" + call.encode(STANDARD).hex() == receipt["input"]
    assert call.to == receipt["to"]


def test_a_call_on_an_sm_chain_is_the_input_that_a_real_chain_carried_out() -> None:
    """Another hash, so another selector."""
    taken = observed.SM_TRANSACTION
    call = calls.set_value("tx_count_limit", "1700")
    assert "0x" + call.encode(SM).hex() == taken["input"]
    assert call.to == taken["to"]


@pytest.mark.parametrize(
    ("call", "selector"),
    [
        (calls.add_sealer(NODE, 1), "35916856"),
        (calls.add_observer(NODE), "2800efc0"),
        (calls.remove_node(NODE), "80599e4b"),
        (calls.set_weight(NODE, 1), "ce6fa5c5"),
        (calls.set_value("a", "b"), "bd291aef"),
    ],
)
def test_selectors_are_those_of_the_reference(call: ContractCall, selector: str) -> None:
    """The node reference, sections 4.1 and 4.4."""
    assert call.encode(STANDARD)[:4].hex() == selector


ALL = [
    (calls.add_sealer(NODE, 3), calls.CONSENSUS, "addSealer(string,uint256)"),
    (calls.add_observer(NODE), calls.CONSENSUS, "addObserver(string)"),
    (calls.remove_node(NODE), calls.CONSENSUS, "remove(string)"),
    (calls.set_weight(NODE, 3), calls.CONSENSUS, "setWeight(string,uint256)"),
    (calls.set_value("a", "b"), calls.SYSTEM_CONFIG, "setValueByKey(string,string)"),
    (
        calls.propose_sealer(NODE, 3, 1000),
        calls.COMMITTEE,
        "createSetConsensusWeightProposal(string,uint32,bool,uint256)",
    ),
    (calls.propose_removal(NODE, 9), calls.COMMITTEE, "createRmNodeProposal(string,uint256)"),
    (
        calls.propose_value("a", "b", 9),
        calls.COMMITTEE,
        "createSetSysConfigProposal(string,string,uint256)",
    ),
    (
        calls.propose_governor(ACCOUNT, 2, 9),
        calls.COMMITTEE,
        "createUpdateGovernorProposal(address,uint32,uint256)",
    ),
    (calls.propose_rates(51, 51, 9), calls.COMMITTEE, "createSetRateProposal(uint8,uint8,uint256)"),
    (calls.vote(7, agree=False), calls.COMMITTEE, "voteProposal(uint256,bool)"),
    (calls.revoke(7), calls.COMMITTEE, "revokeProposal(uint256)"),
]


@in_both_suites
@pytest.mark.parametrize(("call", "to", "function"), ALL, ids=[row[2] for row in ALL])
def test_a_call_is_its_functions_selector_and_arguments(
    suite: CryptoSuite, call: ContractCall, to: str, function: str
) -> None:
    encoded = call.encode(suite)
    assert (call.to, call.function) == (to, function)
    assert encoded[:4] == suite.hash(function.encode())[:4]
    assert abi.decode(abi.parameters(function), encoded[4:]) == call.arguments


@pytest.mark.parametrize("call", [row[0] for row in ALL], ids=[row[2] for row in ALL])
def test_a_contracts_address_is_written_without_0x(call: ContractCall) -> None:
    """Else the node does not see that a system contract is called (PrecompiledTypeDef.h)."""
    assert len(call.to) == 40
    assert int(call.to, 16) in (0x1000, 0x1003, 0x10001)


def test_one_function_proposes_sealers_observers_and_weights() -> None:
    """The node reference, section 4.2: weight 0 and the flag true make an observer."""
    assert calls.propose_observer(NODE, 9).arguments == (NODE, 0, True, 9)
    assert calls.propose_sealer(NODE, 2, 9).arguments == (NODE, 2, True, 9)
    assert calls.propose_weight(NODE, 2, 9).arguments == (NODE, 2, False, 9)


@pytest.mark.parametrize(
    "call",
    [
        calls.add_sealer(NODE, -1),
        calls.propose_sealer(NODE, 1 << 32, 9),
        calls.propose_rates(256, 0, 9),
        calls.propose_governor("webank", 1, 9),
        calls.vote(-1, agree=True),
    ],
)
def test_an_argument_that_its_type_cannot_hold_is_refused(call: ContractCall) -> None:
    with pytest.raises(abi.AbiError):
        call.encode(STANDARD)


# --- what the committee says of itself ------------------------------------------------------------

AT = "0x" + "ab" * 20
OTHER = "0x" + "12" * 20


def test_the_committee_is_read() -> None:
    output = abi.encode(
        ("uint8", "uint8", "address[]", "uint32[]"), (51, 60, [ACCOUNT, OTHER], [1, 3])
    )
    assert committee.read_committee(output) == Committee(
        {ACCOUNT: 1, OTHER: 3}, participation=51, win=60
    )


PROPOSAL_TYPES = ("address", "address", "uint8", "uint256", "uint8", "address[]", "address[]")


def test_a_proposal_is_read() -> None:
    output = abi.encode(
        PROPOSAL_TYPES, ("0x" + calls.CONSENSUS, ACCOUNT, 51, 1007, 1, [ACCOUNT], [OTHER])
    )
    found = committee.read_proposal(7, output)
    assert found == committee.Proposal(
        number=7,
        kind=committee.NODE_WEIGHT,
        proposer=ACCOUNT,
        ends=1007,
        status=committee.ProposalStatus.OPEN,
        agreed=frozenset({ACCOUNT}),
        against=frozenset({OTHER}),
    )
    assert found.is_open(1007)
    assert not found.is_open(1008)


@pytest.mark.parametrize("status", [0, 2, 3, 4, 5])
def test_a_proposal_that_is_not_open_is_closed_at_any_height(status: int) -> None:
    output = abi.encode(PROPOSAL_TYPES, (AT, ACCOUNT, 51, 1007, status, [], []))
    assert not committee.read_proposal(7, output).is_open(1)


def test_the_slot_of_a_kind_is_asked_by_type_and_resource() -> None:
    """The node reference, section 4.2: types 41, 51 and 52 share one resource each."""
    call = committee.last_proposal(AT, committee.NODE_REMOVAL)
    assert call.to == "ab" * 20
    assert call.arguments == (52, "0x" + calls.CONSENSUS)
    assert committee.last_proposal(AT, committee.governor_weight(ACCOUNT)).arguments == (
        11,
        ACCOUNT,
    )


@given(st.binary(max_size=400))
def test_no_answer_of_a_contract_brings_another_error(output: bytes) -> None:
    for read in (committee.read_committee, lambda data: committee.read_proposal(1, data)):
        try:
            read(output)
        except calls.UnknownAnswer:
            continue
