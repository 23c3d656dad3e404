"""What real SM nodes answer is read as what Standard nodes answer (fisco-observed/sm_*.json)."""

import json
from typing import Any

from consortium_operator.engines.fisco_bcos.node import answers
from tests.resources import REPOSITORY


def observed(name: str) -> Any:
    path = REPOSITORY / "tests" / "data" / "fisco-observed" / f"sm_{name}.json"
    return json.loads(path.read_text())["result"]


def test_consensus_status() -> None:
    found = answers.CONSENSUS_STATUS.validate_python(observed("getConsensusStatus"), strict=True)
    assert (found.leader, found.view) == (found.voters[2].node_id, 3)


def test_group_info() -> None:
    found = answers.GROUP_INFO.validate_python(observed("getGroupInfo"), strict=True)
    assert found.version == "3.16.4"


def test_peers() -> None:
    assert len(answers.PEERS.validate_python(observed("getPeers"), strict=True).peers) == 3


def test_the_receipt_of_a_deployment() -> None:
    found = answers.RECEIPT.validate_python(observed("sendTransaction"), strict=True).read()
    assert (found.block_number, found.status, found.output, found.logs) == (1, 0, b"", ())


def test_the_receipt_of_a_setting() -> None:
    path = REPOSITORY / "tests" / "data" / "fisco-transaction-sm.json"
    answer = json.loads(path.read_text())["answer"]["result"]
    found = answers.RECEIPT.validate_python(answer, strict=True).read()
    assert (found.block_number, found.status) == (1, 0)
    assert found.output == bytes(32)
