"""Governance with auth on: the committee contract 0x…10001 (sections 4.2 and 12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.support.accounts import Account, Argument
from tests.conformance.support.binaries import Binary
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import NodeProcess, output_code, prepare, running

COMMITTEE = 0x10001
SET_NODE = "createSetConsensusWeightProposal(string,uint32,bool,uint256)"
REMOVE_NODE = "createRmNodeProposal(string,uint256)"
SET_CONFIG = "createSetSysConfigProposal(string,string,uint256)"
SET_GOVERNOR = "createUpdateGovernorProposal(address,uint32,uint256)"
SET_RATES = "createSetRateProposal(uint8,uint8,uint256)"
SET_DEPLOY_TYPE = "createSetDeployAuthTypeProposal(uint8,uint256)"
SET_DEPLOYER = "createModifyDeployAuthProposal(address,bool,uint256)"
VOTE = "voteProposal(uint256,bool)"
REVOKE = "revokeProposal(uint256)"
NEW = "ab" * 64


class Committee:
    """Governors of a chain of one sealer: `founder`, and `other` once it was made one."""

    def __init__(self, node: NodeProcess) -> None:
        self.node = node
        self.founder = node.admin
        self.other = Account(0xCAFE, node.admin.sm)

    def call(self, who: Account, signature: str, *arguments: Argument) -> dict[str, Any]:
        receipt: dict[str, Any] = self.node.transact(COMMITTEE, signature, *arguments, account=who)
        return receipt

    def propose(self, who: Account, signature: str, *arguments: Argument) -> int:
        """The number of a proposal that is open or was carried out."""
        receipt = self.call(who, signature, *arguments)
        assert receipt["status"] == 0, receipt["message"]
        return output_code(receipt)

    def refused(self, who: Account, signature: str, *arguments: Argument) -> str:
        """The text that a call reverted with."""
        receipt = self.call(who, signature, *arguments)
        assert receipt["status"] == 16
        return str(receipt["message"])

    def observers(self) -> list[str]:
        found: list[str] = self.node.group("getObserverList")
        return found


@pytest.fixture(
    params=[False, pytest.param(True, marks=pytest.mark.campaign)], ids=["Standard", "SM"]
)
def committee(
    binary: Binary, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Committee]:
    """The founding admin alone, rates 0/0."""
    made = prepare(
        binary, tmp_path_factory.mktemp("auth"), ChainOptions(auth=True, sm=request.param)
    )
    made.nodes[0].files.config["consensus"]["min_seal_time"] = "1"
    made.nodes[0].files.write_config()
    with running(made) as chain:
        yield Committee(chain.nodes[0])


def executed(receipt: dict[str, Any]) -> bool:
    """One log with data 0: carried out without an error."""
    logs = receipt["logEntries"]
    return len(logs) == 1 and logs[0]["data"] == "0x" + "0" * 64


def test_with_the_founding_admin_alone_one_transaction_does_it(committee: Committee) -> None:
    node, admin = committee.node, committee.founder
    direct = node.transact(0x1003, "addObserver(string)", NEW)
    assert (direct["status"], output_code(direct)) == (0, -50000)
    config = node.transact(0x1000, "setValueByKey(string,string)", "tx_count_limit", "5")
    assert output_code(config) == -50000
    stranger = committee.refused(node.stranger, SET_NODE, NEW, 0, True, 100)
    assert stranger == "you must be governor"

    first = committee.call(admin, SET_NODE, NEW, 0, True, 100)
    assert (output_code(first), executed(first)) == (1, True)
    topic = node.admin.hash(b"execResult(int256)").hex()
    assert first["logEntries"][0]["topics"] == [f"0x{topic}"]
    if not admin.sm:
        assert topic.startswith("7251e13f")
    assert committee.observers() == [NEW]
    assert executed(committee.call(admin, SET_NODE, node.files.node_id, 2, False, 100))
    assert node.group("getSealerList")[0]["weight"] == 2
    assert executed(committee.call(admin, REMOVE_NODE, NEW, 100))
    assert committee.observers() == []
    assert committee.refused(admin, SET_CONFIG, "nope", "1", 100) == "unsupported key nope"
    assert executed(committee.call(admin, SET_CONFIG, "tx_count_limit", "7", 100))
    assert node.group("getSystemConfigByKey", "tx_count_limit")["value"] == "7"
    # "Passed" even if what it does fails: the code is in the log, the list is as it was.
    failed = committee.call(admin, REMOVE_NODE, NEW, 100)
    assert failed["status"] == 0
    assert int(failed["logEntries"][0]["data"], 16) == 2**256 - 51103
    assert committee.refused(admin, SET_GOVERNOR, bytes.fromhex(admin.address), 0, 100) == (
        "You can not remove yourself!"
    )


def test_with_two_governors_and_rates_both_must_agree(committee: Committee) -> None:
    founder, other = committee.founder, committee.other
    committee.propose(founder, SET_GOVERNOR, bytes.fromhex(other.address), 1, 100)
    assert committee.refused(founder, SET_RATES, 101, 51, 100).startswith("invalid range")
    committee.propose(founder, SET_RATES, 51, 51, 100)

    # One of two: a number, no log, and nothing changes.
    opened = committee.call(founder, SET_NODE, NEW, 0, True, 1000)
    assert (opened["status"], opened["logEntries"], committee.observers()) == (0, [], [])
    number = output_code(opened)
    # The same type again, by anyone, for any node.
    again = committee.refused(other, SET_NODE, committee.node.files.node_id, 5, False, 100)
    assert again == "Current proposal not end"
    assert committee.refused(founder, VOTE, number, True) == "Already voted"
    assert committee.refused(other, VOTE, 99, True) == "Proposal not exist"
    assert committee.refused(committee.node.stranger, VOTE, number, True) == (
        "you must be governor"
    )
    # Another type has its own slot.
    removal = committee.propose(founder, REMOVE_NODE, NEW, 1000)
    assert executed(committee.call(other, VOTE, number, True))
    assert committee.observers() == [NEW]
    assert committee.refused(other, VOTE, number, True) == "Proposal is not votable"

    # Revoked by its proposer only; then its slot is free.
    assert committee.refused(other, REVOKE, removal) == "Only proposer can revoke"
    assert committee.call(founder, REVOKE, removal)["status"] == 0
    assert committee.refused(founder, REVOKE, removal) == (
        "Only newly created proposal can be revoked"
    )
    # A no denies it, and the slot is free again.
    denied = committee.propose(founder, REMOVE_NODE, NEW, 1000)
    refusal = committee.call(other, VOTE, denied, False)
    assert (refusal["status"], refusal["logEntries"]) == (0, [])
    assert committee.refused(founder, VOTE, denied, True) == "Proposal is not votable"
    # Expiry is counted in blocks.
    short = committee.propose(founder, REMOVE_NODE, NEW, 1)
    assert committee.refused(other, REMOVE_NODE, NEW, 100) == "Current proposal not end"
    assert committee.propose(other, REMOVE_NODE, NEW, 100) == short + 1


def test_rates_count_weights_not_heads(committee: Committee) -> None:
    """4.2: participation first, then agreement among those who voted; all by weight."""
    founder, other = committee.founder, committee.other
    committee.propose(founder, SET_GOVERNOR, bytes.fromhex(other.address), 3, 100)
    committee.propose(founder, SET_RATES, 60, 60, 100)
    # Three of four is enough alone; one of four is not.
    assert executed(committee.call(other, SET_NODE, NEW, 0, True, 100))
    opened = committee.call(founder, REMOVE_NODE, NEW, 100)
    assert opened["logEntries"] == []
    # Against it three quarters: denied.
    committee.call(other, VOTE, output_code(opened), False)
    assert committee.observers() == [NEW]


def test_the_right_to_deploy_follows_the_committee(committee: Committee) -> None:
    """4.2: deploy auth, a white list here."""
    node, admin = committee.node, committee.founder
    assert node.send(account=node.stranger)["status"] == 0
    assert executed(committee.call(admin, SET_DEPLOY_TYPE, 1, 100))
    assert committee.refused(admin, SET_DEPLOY_TYPE, 1, 100) == (
        "the current deploy auth type is the same as you want to set"
    )
    denied = node.send(account=node.stranger)
    assert (denied["status"], denied["message"]) == (18, "Create permission denied")
    address = bytes.fromhex(node.stranger.address)
    assert executed(committee.call(admin, SET_DEPLOYER, address, True, 100))
    assert node.send(account=node.stranger)["status"] == 0


def test_auth_can_be_switched_on_later(binary: Binary, tmp_path_factory: Any) -> None:
    """4.2: the committee is there even with auth off."""
    made = prepare(binary, tmp_path_factory.mktemp("later"), ChainOptions())
    with running(made) as chain:
        (node,) = chain.nodes
        set_value = "setValueByKey(string,string)"
        assert output_code(node.transact(0x1000, set_value, "auth_check_status", "1")) == 0
        assert output_code(node.transact(0x1003, "addObserver(string)", NEW)) == -50000
        assert executed(node.transact(COMMITTEE, SET_NODE, NEW, 0, True, 100))
