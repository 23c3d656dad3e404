"""What real SM nodes answer is read as what Standard nodes answer."""

from typing import Any

from consortium_operator.engines.fisco_bcos.node import answers
from tests import observed


def sm(name: str) -> Any:
    return observed.result(f"sm_{name}")


def test_consensus_status() -> None:
    found = answers.CONSENSUS_STATUS.validate_python(sm("getConsensusStatus"), strict=True)
    assert (found.leader, found.view) == (found.voters[2].node_id, 3)


def test_group_info() -> None:
    found = answers.GROUP_INFO.validate_python(sm("getGroupInfo"), strict=True)
    assert found.version == "3.16.4"


def test_peers() -> None:
    assert len(answers.PEERS.validate_python(sm("getPeers"), strict=True).peers) == 3


def test_the_receipt_of_a_deployment() -> None:
    found = answers.RECEIPT.validate_python(sm("sendTransaction"), strict=True).read()
    assert (found.block_number, found.status, found.output, found.logs) == (1, 0, b"", ())


def test_the_receipt_of_a_setting() -> None:
    answer = observed.SM_TRANSACTION["answer"]["result"]
    found = answers.RECEIPT.validate_python(answer, strict=True).read()
    assert (found.block_number, found.status) == (1, 0)
    assert found.output == bytes(32)
