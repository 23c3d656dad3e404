"""Changing a chain through one of its sealers, and what is asked of the node for it."""

import json
from pathlib import Path

import pytest

from consortium_operator.api.fisco_bcos import ConsensusType
from consortium_operator.chain.changes import (
    MemberChange,
    Members,
    SettingChange,
    Standing,
)
from consortium_operator.chain.committee import Committee
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos import abi
from consortium_operator.engines.fisco_bcos.governance import calls, committee
from consortium_operator.engines.fisco_bcos.governance.outcomes import Outcome, ReturnCode, words_of
from consortium_operator.engines.fisco_bcos.node.governance import Changed, Governance, govern
from consortium_operator.engines.fisco_bcos.node.rpc import CallFailed
from consortium_operator.engines.fisco_bcos.node.sending import Sender
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.engines.fisco_bcos.transaction import SignedTransaction
from consortium_operator.engines.protocol import ChainCallFailed, NodeEndpoint
from tests import chains, observed
from tests.unit.engines.fisco_bcos.material import secp256k1
from tests.unit.engines.fisco_bcos.node.scripted_node import (
    HEALTHY,
    PATIENT,
    Script,
    ScriptedNode,
    client,
    result,
    running,
)

ACCOUNT = PrivateFiles({"account.pem": secp256k1(11)})
GOVERNOR = "0x" + "12" * 20
AT = abi.encode(["address"], ["0x" + "ab" * 20])
NODE = json.loads(observed.result("getSyncStatus"))["nodeID"]
STRANGER = "cd" * 64
FOUR = {one["nodeID"]: 1 for one in observed.result("getSealerList")}


def receipt(output: bytes, block: int = 1, status: int = 0, message: str = "") -> bytes:
    fields = {"status": status, "message": message, "output": "0x" + output.hex()}
    return result(fields | {"blockNumber": block, "logEntries": []})


def code(value: int) -> bytes:
    return receipt(abi.encode(["int256"], [value]))


def called(output: bytes, status: int = 0) -> bytes:
    return result({"blockNumber": 1, "status": status, "output": "0x" + output.hex()})


SCRIPT: Script = {**HEALTHY, "getObserverList": result([STRANGER]), "sendTransaction": code(0)}


def governing(node: ScriptedNode, consensus: ConsensusType = ConsensusType.PBFT) -> Governance:
    sender = Sender("chain0", "group0", PATIENT, lambda: "42")
    return Governance(sender, node.endpoint, client(), consensus)


def sent(node: ScriptedNode) -> list[SignedTransaction]:
    return [
        SignedTransaction.decode(bytes.fromhex(params[2].removeprefix("0x")))
        for method, params in node.asked
        if method == "sendTransaction"
    ]


async def test_members_are_read_with_their_weights(tmp_path: Path) -> None:
    async with running(tmp_path, SCRIPT) as node:
        assert await governing(node).members() == Members(FOUR, frozenset({STRANGER}))


async def test_sealers_that_wait_for_their_turn_are_members_too(tmp_path: Path) -> None:
    waiting = result([{"nodeID": STRANGER, "weight": 3, "termWeight": 0}])
    script = {**SCRIPT, "getObserverList": result([]), "getNodeListByType": waiting}
    async with running(tmp_path, script) as node:
        members = await governing(node, ConsensusType.RPBFT).members()
    assert members.sealers == {**FOUR, STRANGER: 3}
    assert members.waiting == {STRANGER}
    assert dict(node.asked)["getNodeListByType"] == ["group0", "", "consensus_candidate_sealer"]


async def test_a_call_is_sent_to_the_contract_and_its_receipt_told(tmp_path: Path) -> None:
    async with running(tmp_path, SCRIPT) as node:
        outcome = await governing(node).send(ACCOUNT, calls.set_value("tx_count_limit", "2000"))
    assert outcome == Outcome(1, is_carried_out=True)
    (transaction,) = [one.transaction for one in sent(node)]
    assert transaction.to == calls.SYSTEM_CONFIG
    call = calls.set_value("tx_count_limit", "2000")
    assert transaction.input == call.encode(STANDARD)
    assert transaction.block_limit == 1 + 500


async def test_a_change_reads_the_chain_before_and_after(tmp_path: Path) -> None:
    after = result([{"nodeID": one, "weight": 1} for one in [*FOUR, STRANGER]])
    before = observed.raw("getSealerList")
    script = {
        **SCRIPT,
        # What it has, whether the node is a sealer, and what it has then.
        "getSealerList": (before, before, after),
        "getObserverList": (result([STRANGER]), result([])),
    }
    change = MemberChange(STRANGER, Standing.SEALER, 1)
    async with running(tmp_path, script) as node:
        changed = await governing(node).change(ACCOUNT, change)
    assert changed.outcome == Outcome(1, is_carried_out=True)
    assert changed.holds
    assert sent(node)[0].transaction.input == calls.add_sealer(STRANGER, 1).encode(STANDARD)


async def test_what_holds_already_sends_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, SCRIPT) as node:
        changed = await governing(node).change(ACCOUNT, MemberChange(NODE, Standing.SEALER))
    assert changed == Changed(None, holds=True)
    assert sent(node) == []


async def test_a_setting_is_changed_and_read_again(tmp_path: Path) -> None:
    values = tuple(result({"blockNumber": 0, "value": one}) for one in ("1000", "2000"))
    script = {**SCRIPT, "getSystemConfigByKey": values}
    async with running(tmp_path, script) as node:
        changed = await governing(node).change(ACCOUNT, SettingChange("tx_count_limit", "2000"))
    assert changed == Changed(Outcome(1, is_carried_out=True), holds=True)
    call = calls.set_value("tx_count_limit", "2000")
    assert sent(node)[0].transaction.input == call.encode(STANDARD)


async def test_a_receipt_that_says_done_does_not_make_it_so(tmp_path: Path) -> None:
    change = MemberChange(STRANGER, Standing.SEALER, 1)
    async with running(tmp_path, SCRIPT) as node:
        changed = await governing(node).change(ACCOUNT, change)
    assert changed.outcome is not None
    assert changed.outcome.is_carried_out
    assert not changed.holds


async def test_a_refusal_is_told_in_words(tmp_path: Path) -> None:
    script = {**SCRIPT, "sendTransaction": code(ReturnCode.NO_AUTHORITY)}
    async with running(tmp_path, script) as node:
        outcome = await governing(node).send(ACCOUNT, calls.add_observer(STRANGER))
    assert outcome == Outcome(1, refusal=words_of(ReturnCode.NO_AUTHORITY))


# --- whom transactions are sent to ----------------------------------------------------------------


async def test_a_node_that_is_no_sealer_is_sent_nothing(tmp_path: Path) -> None:
    """The node reference, section 12: an observer makes a receipt up, a free node never answers."""
    others = result([{"nodeID": STRANGER, "weight": 1}])
    async with running(tmp_path, {**SCRIPT, "getSealerList": others}) as node:
        with pytest.raises(ChainCallFailed, match="is no sealer"):
            await governing(node).send(ACCOUNT, calls.add_observer(STRANGER))
    assert sent(node) == []


async def test_a_made_up_receipt_is_not_believed(tmp_path: Path) -> None:
    script = {**SCRIPT, "sendTransaction": observed.raw("sendTransaction_via_observer")}
    async with running(tmp_path, script) as node:
        with pytest.raises(ChainCallFailed, match="without a block: no sealer"):
            await governing(node).send(ACCOUNT, calls.add_observer(STRANGER))


async def test_a_strange_receipt_fails(tmp_path: Path) -> None:
    async with running(tmp_path, {**SCRIPT, "sendTransaction": receipt(b"\1")}) as node:
        with pytest.raises(ChainCallFailed, match="answers a transaction strangely"):
            await governing(node).send(ACCOUNT, calls.add_observer(STRANGER))


async def test_a_call_that_cannot_be_written_is_not_sent(tmp_path: Path) -> None:
    async with running(tmp_path, SCRIPT) as node:
        with pytest.raises(ChainCallFailed, match="does not fit into uint256"):
            await governing(node).send(ACCOUNT, calls.add_sealer(STRANGER, -1))
    assert sent(node) == []


# --- reading ------------------------------------------------------------------------------------


async def test_a_setting_is_read(tmp_path: Path) -> None:
    script = {**SCRIPT, "getSystemConfigByKey": result({"blockNumber": 0, "value": "1000"})}
    async with running(tmp_path, script) as node:
        found = await governing(node).values(["tx_count_limit"])
    assert found == {"tx_count_limit": "1000"}
    assert dict(node.asked)["getSystemConfigByKey"] == ["group0", "", "tx_count_limit"]


async def test_a_setting_that_was_never_made_is_none(tmp_path: Path) -> None:
    """The real answer: code 3008, "Entry: nope does not exists!"."""
    error = {"code": 3008, "message": "Entry: nope does not exists!"}
    body = json.dumps({"id": 1, "jsonrpc": "2.0", "error": error}).encode()
    async with running(tmp_path, {**SCRIPT, "getSystemConfigByKey": body}) as node:
        assert await governing(node).values(["nope"]) == {}


async def test_another_error_is_not_taken_for_a_missing_setting(tmp_path: Path) -> None:
    async with running(
        tmp_path, {**SCRIPT, "getSystemConfigByKey": observed.raw("badGroup")}
    ) as node:
        with pytest.raises(CallFailed, match="with an error") as error:
            await governing(node).values(["nope"])
    assert error.value.code == -32000


async def test_the_committee_is_asked_where_it_is(tmp_path: Path) -> None:
    info = abi.encode(("uint8", "uint8", "address[]", "uint32[]"), (0, 0, [GOVERNOR], [1]))
    async with running(tmp_path, {**SCRIPT, "call": (called(AT), called(info))}) as node:
        found = await governing(node).committee()
    assert found == Committee({GOVERNOR: 1}, 0, 0)
    where = [params[2] for method, params in node.asked if method == "call"]
    assert where == [calls.COMMITTEE, "ab" * 20]


def proposal(status: int, ends: int = 10) -> bytes:
    types = ("address", "address", "uint8", "uint256", "uint8", "address[]", "address[]")
    values: tuple[abi.Value, ...] = (
        "0x" + calls.CONSENSUS,
        GOVERNOR,
        51,
        ends,
        status,
        [GOVERNOR],
        [],
    )
    return called(abi.encode(types, values))


@pytest.mark.parametrize(
    ("status", "ends", "is_open"), [(1, 10, True), (1, 0, False), (2, 10, False)]
)
async def test_the_last_proposal_is_found_by_its_kind(
    tmp_path: Path, status: int, ends: int, is_open: bool
) -> None:
    last = called(abi.encode(["uint256"], [7]))
    async with running(
        tmp_path, {**SCRIPT, "call": (called(AT), last, proposal(status, ends))}
    ) as node:
        found = await governing(node).last_proposal(committee.NODE_WEIGHT)
        assert found is not None
        assert await governing(node).is_open(found) == is_open
    assert (found.number, found.proposer) == (7, GOVERNOR)


async def test_where_there_never_was_a_proposal_none_is_open(tmp_path: Path) -> None:
    none = called(abi.encode(["uint256"], [0]))
    async with running(tmp_path, {**SCRIPT, "call": (called(AT), none)}) as node:
        assert await governing(node).last_proposal(committee.NODE_WEIGHT) is None


async def test_a_proposal_is_read_by_its_number(tmp_path: Path) -> None:
    async with running(tmp_path, {**SCRIPT, "call": (called(AT), proposal(4))}) as node:
        found = await governing(node).proposal(7)
    assert found.status is committee.ProposalStatus.REVOKED


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((called(b""),), "answers call strangely"),
        ((called(AT), called(b"\1")), "answers call strangely"),
        ((called(AT, status=16),), "status 16"),
        ((result({"status": 0, "output": "0xzz"}),), "unknown shape"),
        ((result({"status": 0, "output": 7}),), "unknown shape"),
    ],
)
async def test_a_contract_that_answers_strangely_fails(
    tmp_path: Path, answers: tuple[bytes, ...], why: str
) -> None:
    async with running(tmp_path, {**SCRIPT, "call": answers}) as node:
        with pytest.raises(ChainCallFailed, match=why):
            await governing(node).committee()


def test_a_plan_says_how_its_chain_is_governed() -> None:
    endpoint = NodeEndpoint("node", "127.0.0.1", 1, "")
    found = govern(chains.plan(fiscoBcos={"genesis": {"blockLimit": 20}}), endpoint, client())
    assert (found.sender.chain_id, found.sender.group_id) == ("chain0", "group0")
    assert found.sender.suite is STANDARD is not SM
    assert found.block_limit == 20
