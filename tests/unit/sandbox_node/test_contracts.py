"""The membership, configuration and governance contracts, code by code."""

from __future__ import annotations

import pytest

from consortium_sandbox.node import abi
from consortium_sandbox.node.block import Receipt
from consortium_sandbox.node.executor.calls import Place, Rules
from consortium_sandbox.node.executor.run import call, execute
from consortium_sandbox.node.keys import STANDARD
from consortium_sandbox.node.releases import release
from consortium_sandbox.node.state import OBSERVER, SEALER, State, genesis_changes
from consortium_sandbox.node.transaction import TransactionData, decode, sign
from tests.unit.sandbox_node.test_genesis import ADMIN, IDS, genesis, text_of

NEW = "ab" * 64
GOVERNOR, OTHER, STRANGER = ADMIN[2:], "11" * 20, "22" * 20
RULES = Rules(STANDARD, release("3.16.4"), executor=1)
KEY = STANDARD.key_pair(b"\1" * 32)
CONSENSUS, CONFIG, COMMITTEE = 0x1003, 0x1000, 0x10001
SET_VALUE = "createSetSysConfigProposal(string,string,uint256)"
SET_NODE = "createSetConsensusWeightProposal(string,uint32,bool,uint256)"


class World:
    """A state to which calls are applied one after another."""

    def __init__(self, auth: bool = False, sealers: int = 4) -> None:
        text = text_of(nodes=[f"{node_id}: 1" for node_id in IDS[:sealers]])
        if auth:
            text = text.replace("is_auth_check=false", "is_auth_check=true")
        self.state = State(genesis_changes(genesis(text), RULES.release))
        self.block = 1

    def call(self, to: int, signature: str, *values: abi.Value, sender: str = GOVERNOR) -> Receipt:
        data = abi.selector(signature, STANDARD)
        data += abi.encode(abi.parameters(signature), values)
        return call(self.state, Place(RULES, self.block), sender, f"{to:040x}", data)

    def code(self, signature: str, *values: abi.Value) -> int:
        receipt = self.call(CONSENSUS, signature, *values)
        assert receipt.status == 0
        return int.from_bytes(receipt.output, "big", signed=True)

    def kind(self, node_id: str) -> str | None:
        kinds = {member.node_id: member.kind for member in self.state.members()}
        return kinds.get(node_id)

    def weight(self, node_id: str) -> int:
        return {member.node_id: member.weight for member in self.state.members()}[node_id]


def test_a_node_is_added_as_observer_and_then_as_sealer() -> None:
    world = World()
    assert world.code("addObserver(string)", NEW) == 0
    assert world.kind(NEW) == OBSERVER
    assert world.code("addSealer(string,uint256)", NEW, 2) == 0
    assert (world.kind(NEW), world.weight(NEW)) == (SEALER, 2)
    assert world.state.committee().total == 6


@pytest.mark.parametrize(
    ("signature", "values", "expected"),
    [
        ("addSealer(string,uint256)", (NEW, 1), -51104),
        ("addSealer(string,uint256)", ("ab", 1), -51100),
        ("addSealer(string,uint256)", ("xy" * 64, 1), -51100),
        ("addSealer(string,uint256)", (IDS[0], 0), -51102),
        ("addObserver(string)", ("ab" * 63,), -51100),
        ("remove(string)", (NEW,), -51103),
        ("remove(string)", ("ab",), -51100),
        ("setWeight(string,uint256)", (NEW, 1), -51103),
        ("setWeight(string,uint256)", (IDS[0], 0), -51102),
    ],
)
def test_return_codes_in_a_receipt_of_status_0(
    signature: str, values: tuple[abi.Value, ...], expected: int
) -> None:
    world = World()
    before = world.state.members()
    assert world.code(signature, *values) == expected
    assert world.state.members() == before


def test_adding_a_sealer_again_sets_its_weight_and_observing_it_demotes_it() -> None:
    world = World()
    assert world.code("addSealer(string,uint256)", IDS[0].upper(), 5) == 0
    assert world.weight(IDS[0]) == 5
    assert world.code("addObserver(string)", IDS[0]) == 0
    assert (world.kind(IDS[0]), world.weight(IDS[0])) == (OBSERVER, 0)


def test_the_last_sealer_stays() -> None:
    world = World(sealers=1)
    assert world.code("remove(string)", IDS[0]) == -51101
    assert world.code("addObserver(string)", IDS[0]) == -51101
    assert world.kind(IDS[0]) == SEALER


def test_an_observer_has_no_weight_to_set() -> None:
    world = World()
    world.code("addObserver(string)", NEW)
    receipt = world.call(CONSENSUS, "setWeight(string,uint256)", NEW, 2)
    assert (receipt.status, receipt.message) == (15, "Cannot set weight to observer.")


def test_with_auth_on_a_direct_call_has_no_authority() -> None:
    world = World(auth=True)
    assert world.code("addObserver(string)", NEW) == -50000
    receipt = world.call(CONFIG, "setValueByKey(string,string)", "tx_count_limit", "5")
    assert int.from_bytes(receipt.output, "big", signed=True) == -50000
    assert world.kind(NEW) is None


def test_a_setting_is_written_for_the_next_block_and_read() -> None:
    world = World()
    world.call(CONFIG, "setValueByKey(string,string)", "TX_count_limit", "5")
    found = world.state.setting("tx_count_limit")
    assert found is not None
    assert (found.value, found.since) == ("5", 2)
    receipt = world.call(CONFIG, "getValueByKey(string)", "tx_count_limit")
    assert abi.decode(["string", "uint256"], receipt.output) == ["5", 2]


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("nope", "1", "unsupported key nope"),
        ("consensus_timeout", "3000", "unsupported key consensus_timeout"),
        ("tx_count_limit", "", "The value for tx_count_limit must be non-empty."),
        ("tx_count_limit", "x", "The value for tx_count_limit must be a valid number."),
        (
            "tx_gas_limit",
            "5",
            "Invalid value 5 ,the value for tx_gas_limit must be no less than 100000",
        ),
        ("feature_balance", "0", "The value for feature_balance must be a valid number."),
        ("feature_balance_precompiled", "1", "must set feature_balance first"),
        ("compatibility_version", "v3.16.4", "Invalid value for compatibility_version. "),
        ("compatibility_version", "3.15.0", "The value for compatibility_version must be"),
    ],
)
def test_refused_settings_have_status_15_and_a_text(key: str, value: str, text: str) -> None:
    receipt = World().call(CONFIG, "setValueByKey(string,string)", key, value)
    assert receipt.status == 15
    assert receipt.message.startswith(text)
    assert abi.decode(["string"], receipt.output[4:]) == [receipt.message]


def test_a_version_above_the_binaries_is_accepted() -> None:
    """Section 4.4: the precompile has no upper bound."""
    world = World()
    assert (
        world.call(CONFIG, "setValueByKey(string,string)", "compatibility_version", "3.17.0").status
        == 0
    )
    assert world.state.compatibility() == 0x03110000


def test_an_unknown_function_and_an_unknown_address() -> None:
    world = World()
    assert (
        world.call(CONSENSUS, "nope()").message == "ConsensusPrecompiled call undefined function!"
    )
    assert world.call(0x4242, "nope()").status == 19


def test_an_address_with_0x_is_executed_as_well() -> None:
    world = World()
    data = abi.selector("addObserver(string)", STANDARD) + abi.encode(["string"], [NEW])
    transaction = decode(
        sign(TransactionData(to=f"0x{CONSENSUS:040x}", input=data), KEY, STANDARD), STANDARD
    )
    assert execute(world.state, transaction, Place(RULES, 1)).status == 0
    assert world.kind(NEW) == OBSERVER


# --- governance ----------------------------------------------------------------------------------


def test_the_founding_admin_changes_members_in_one_transaction_each() -> None:
    world = World(auth=True)
    for number, (weight, flag, kind) in enumerate([(0, True, OBSERVER), (1, True, SEALER)], 1):
        receipt = world.call(COMMITTEE, SET_NODE, NEW, weight, flag, 100)
        assert (receipt.status, int.from_bytes(receipt.output, "big")) == (0, number)
        assert receipt.logs[0].topics[0].hex().startswith("7251e13f")
        assert receipt.logs[0].data == bytes(32)
        assert world.kind(NEW) == kind
    world.call(COMMITTEE, SET_NODE, NEW, 2, False, 100)
    assert world.weight(NEW) == 2
    world.call(COMMITTEE, "createRmNodeProposal(string,uint256)", NEW, 100)
    assert world.kind(NEW) is None


def test_strangers_do_not_govern() -> None:
    world = World(auth=True)
    receipt = world.call(COMMITTEE, SET_NODE, NEW, 0, True, 100, sender=STRANGER)
    assert (receipt.status, receipt.message) == (16, "you must be governor")


def test_a_proposal_for_an_unknown_setting_reverts() -> None:
    world = World(auth=True)
    receipt = world.call(COMMITTEE, SET_VALUE, "nope", "1", 100)
    assert (receipt.status, receipt.message) == (16, "unsupported key nope")
    assert world.call(COMMITTEE, SET_VALUE, "tx_count_limit", "7", 100).status == 0
    found = world.state.setting("tx_count_limit")
    assert found is not None
    assert found.value == "7"


def two_governors() -> World:
    world = World(auth=True)
    account = bytes.fromhex(OTHER)
    world.call(COMMITTEE, "createUpdateGovernorProposal(address,uint32,uint256)", account, 1, 100)
    world.call(COMMITTEE, "createSetRateProposal(uint8,uint8,uint256)", 51, 51, 100)
    return world


def test_with_two_governors_and_rates_one_vote_changes_nothing_and_the_second_does() -> None:
    world = two_governors()
    proposal = world.call(COMMITTEE, SET_NODE, NEW, 0, True, 100)
    number = int.from_bytes(proposal.output, "big")
    assert (proposal.status, proposal.logs) == (0, ())
    assert world.kind(NEW) is None
    vote = "voteProposal(uint256,bool)"
    assert world.call(COMMITTEE, vote, number, True).message == "Already voted"
    passed = world.call(COMMITTEE, vote, number, True, sender=OTHER)
    assert passed.logs[0].data == bytes(32)
    assert world.kind(NEW) == OBSERVER


def test_there_is_one_open_proposal_per_type_for_the_whole_chain() -> None:
    world = two_governors()
    world.call(COMMITTEE, SET_NODE, NEW, 0, True, 100)
    second = world.call(COMMITTEE, SET_NODE, IDS[0], 5, False, 100, sender=OTHER)
    assert (second.status, second.message) == (16, "Current proposal not end")
    other_type = world.call(COMMITTEE, "createRmNodeProposal(string,uint256)", IDS[0], 100)
    assert other_type.status == 0


def test_a_proposal_ends_after_its_interval_of_blocks() -> None:
    world = two_governors()
    world.call(COMMITTEE, SET_NODE, NEW, 0, True, 10)
    world.block = 12
    assert world.call(COMMITTEE, SET_NODE, NEW, 0, True, 10).status == 0


def test_a_deployed_contract_has_the_real_nodes_address_and_its_runtime_code() -> None:
    world = World()
    code = bytes.fromhex("6001600c60003960016000f300")
    transaction = decode(sign(TransactionData(input=code), KEY, STANDARD), STANDARD)
    receipt = execute(world.state, transaction, Place(RULES, 1, 0))
    assert receipt.contract_address == "6849f21d1e455e9f0712b1e99fa4fcd23758e8f1"
    assert world.state.get(f"code/{receipt.contract_address}") == "00"
    assert call(world.state, Place(RULES, 2), GOVERNOR, receipt.contract_address, b"").status == 0


# --- what clients read of the governance contracts ------------------------------------------------

READ_COMMITTEE, READ_PROPOSALS = "_committee()", "_proposalMgr()"


def address_of(world: World, getter: str) -> int:
    return int.from_bytes(world.call(COMMITTEE, getter).output, "big")


def test_governors_weights_and_rates_are_read_from_the_committee() -> None:
    world = two_governors()
    answer = world.call(address_of(world, READ_COMMITTEE), "getCommitteeInfo()").output
    words = [int.from_bytes(answer[i : i + 32], "big") for i in range(0, len(answer), 32)]
    assert words[:2] == [51, 51]
    # Offsets of the two lists, then each with its length.
    assert words[2:4] == [4 * 32, 7 * 32]
    assert words[4:7] == [2, int(GOVERNOR, 16), int(OTHER, 16)]
    assert words[7:] == [2, 1, 1]


def test_an_open_proposal_is_found_by_its_type_and_read() -> None:
    world = two_governors()
    number = int.from_bytes(world.call(COMMITTEE, SET_NODE, NEW, 0, True, 10).output, "big")
    proposals = address_of(world, READ_PROPOSALS)
    consensus = bytes.fromhex(f"{CONSENSUS:040x}")
    slot = world.call(proposals, "getIdByTypeAndResourceId(uint8,address)", 51, consensus)
    assert int.from_bytes(slot.output, "big") == number
    types = ["address", "address", "uint8", "uint256", "uint8"]
    info = world.call(proposals, "getProposalInfo(uint256)", number).output
    resource, proposer, kind, ends, status = abi.decode(types, info)
    assert (resource, proposer) == (consensus, bytes.fromhex(GOVERNOR))
    assert (kind, ends, status) == (51, 11, 1)


@pytest.mark.parametrize(
    ("end", "status"), [("vote", 2), ("deny", 3), ("revoke", 4), ("expire", 5)]
)
def test_the_status_of_a_proposal_tells_how_it_ended(end: str, status: int) -> None:
    world = two_governors()
    number = int.from_bytes(world.call(COMMITTEE, SET_NODE, NEW, 0, True, 10).output, "big")
    if end == "revoke":
        world.call(COMMITTEE, "revokeProposal(uint256)", number)
    elif end == "expire":
        world.block = 12
    else:
        vote = "voteProposal(uint256,bool)"
        world.call(COMMITTEE, vote, number, end == "vote", sender=OTHER)
    proposals = address_of(world, READ_PROPOSALS)
    world.call(proposals, "refreshProposalStatus(uint256)", number)
    found = world.call(proposals, "getProposalStatus(uint256)", number)
    assert int.from_bytes(found.output, "big") == status


def test_an_outdated_proposal_that_nobody_looked_at_can_still_be_voted_for() -> None:
    """ProposalManager.sol: vote() looks at the status alone, and only create() refreshes it."""
    world = two_governors()
    number = int.from_bytes(world.call(COMMITTEE, SET_NODE, NEW, 0, True, 1).output, "big")
    world.block = 50
    passed = world.call(COMMITTEE, "voteProposal(uint256,bool)", number, True, sender=OTHER)
    assert (passed.status, world.kind(NEW)) == (0, OBSERVER)


def test_raising_the_data_version_switches_flags_on() -> None:
    """4.4: the bugfix flags of the versions passed."""
    world = World()
    assert world.state.setting("bugfix_revert_logs") is None
    signature = "setValueByKey(string,string)"
    world.call(CONFIG, signature, "compatibility_version", "3.16.4")
    found = world.state.setting("bugfix_revert_logs")
    assert found is not None
    assert (found.value, found.since) == ("1", 0)


def test_anybody_may_ask_who_governs() -> None:
    world = two_governors()
    account = bytes.fromhex(OTHER)
    asked = world.call(COMMITTEE, "isGovernor(address)", account, sender=STRANGER)
    assert int.from_bytes(asked.output, "big") == 1


def test_the_black_list_of_deployers_names_those_who_may_not() -> None:
    world = World(auth=True)
    world.call(COMMITTEE, "createSetDeployAuthTypeProposal(uint8,uint256)", 2, 100)
    account = bytes.fromhex(STRANGER)
    has = "hasDeployAuth(address)"
    assert int.from_bytes(world.call(0x1005, has, account).output, "big") == 1
    world.call(
        COMMITTEE, "createModifyDeployAuthProposal(address,bool,uint256)", account, False, 100
    )
    assert int.from_bytes(world.call(0x1005, has, account).output, "big") == 0
    direct = world.call(0x1005, "setDeployAuthType(uint8)", 0)
    assert int.from_bytes(direct.output, "big", signed=True) == -50000


def test_a_gas_price_stops_all_that_have_no_balance_from_the_next_block_on() -> None:
    world = World()
    world.call(CONFIG, "setValueByKey(string,string)", "tx_gas_price", "0x1")
    deployment = decode(sign(TransactionData(input=b"\0"), KEY, STANDARD), STANDARD)
    now, later = (Place(RULES, world.block + after, 0) for after in (0, 1))
    assert execute(world.state, deployment, now).status == 0
    assert execute(world.state, deployment, later).status == 7
