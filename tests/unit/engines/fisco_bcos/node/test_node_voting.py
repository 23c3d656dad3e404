"""A governor's vote, on a chain that is known by what one of its nodes says."""

from pathlib import Path

import pytest

from consortium_operator.engines.fisco_bcos import abi
from consortium_operator.engines.fisco_bcos.governance.committee import ProposalStatus
from consortium_operator.engines.fisco_bcos.node.governance import Governance
from consortium_operator.engines.fisco_bcos.node.rpc import CallFailed
from consortium_operator.engines.fisco_bcos.node.sending import Sender
from consortium_operator.engines.fisco_bcos.node.voting import Access, reach, vote
from consortium_operator.engines.fisco_bcos.transaction import SignedTransaction
from tests import observed
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

ACCOUNT = secp256k1(11)
GOVERNOR, CONSENSUS = "0x" + "12" * 20, f"0x{0x1003:040x}"
REFUSED = b'{"error":{"code":10001,"message":"BlockLimitCheckFail"}}'


def called(types: tuple[str, ...], *values: abi.Value) -> bytes:
    output = abi.encode(types, values).hex()
    return result({"blockNumber": 1, "status": 0, "output": f"0x{output}"})


AT = called(("address",), GOVERNOR)
PROPOSAL = called(
    ("address", "address", "uint8", "uint256", "uint8", "address[]", "address[]"),
    *(CONSENSUS, GOVERNOR, 51, 5, int(ProposalStatus.PASSED), [GOVERNOR], []),
)
COMMITTEE = called(("uint8", "uint8", "address[]", "uint32[]"), 0, 0, [GOVERNOR], [1])
AFTERWARDS: Script = {**HEALTHY, "call": (AT, PROPOSAL, AT, COMMITTEE)}
VOTED = observed.raw("sendTransaction_deploy")


def limits_of(node: ScriptedNode) -> list[int]:
    """Up to which block each transaction would have been good."""
    raw = [params[2] for method, params in node.asked if method == "sendTransaction"]
    sent = [SignedTransaction.decode(bytes.fromhex(one[2:])) for one in raw]
    return [one.transaction.block_limit for one in sent]


def through(node: ScriptedNode) -> Governance:
    return Governance(Sender("chain0", "group0", PATIENT), node.endpoint, client(), block_limit=100)


async def test_a_vote_reaches_no_further_than_a_chain_allows_that_says_so_by_refusing_it(
    tmp_path: Path,
) -> None:
    script = {**AFTERWARDS, "sendTransaction": (REFUSED, REFUSED, VOTED)}
    async with running(tmp_path, script) as node:
        refusal, after = await vote(through(node), ACCOUNT, 1, agree=True)
    assert (refusal, after.proposal.status) == (None, ProposalStatus.PASSED)
    assert limits_of(node) == [1 + 100, 1 + 10, 1 + 1]


async def test_a_vote_that_is_refused_for_another_reason_is_not_sent_again(tmp_path: Path) -> None:
    script = {**AFTERWARDS, "sendTransaction": REFUSED.replace(b"10001", b"10003")}
    async with running(tmp_path, script) as node:
        with pytest.raises(CallFailed):
            await vote(through(node), ACCOUNT, 1, agree=True)
    assert limits_of(node) == [1 + 100]


async def test_a_node_without_tls_is_reached_without_credentials(tmp_path: Path) -> None:
    script = {**HEALTHY, "getGroupList": result({"groupList": ["group0"]})}
    async with running(tmp_path, script, plain=True) as node:
        found = await reach(Access("127.0.0.1", node.port, None))
    assert (found.sender.chain_id, found.sender.group_id) == ("chain0", "group0")
    assert found.endpoint.plain
