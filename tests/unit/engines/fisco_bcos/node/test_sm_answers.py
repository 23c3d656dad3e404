"""What real SM nodes answer is read as what Standard nodes answer."""

from typing import Any

from consortium_operator.engines.fisco_bcos.node import answers
from tests import observed


def sm(name: str) -> Any:
    return observed.result(f"sm_{name}")


def test_the_consensus_status_names_the_leader_and_its_round() -> None:
    found = answers.CONSENSUS_STATUS.validate_python(sm("getConsensusStatus"), strict=True)
    assert (found.leader, found.view) == (found.voters[2].node_id, 3)


def test_a_group_names_the_version_of_its_node() -> None:
    found = answers.GROUP_INFO.validate_python(sm("getGroupInfo"), strict=True)
    assert found.version == "3.16.4"


def test_a_node_lists_its_peers() -> None:
    assert len(answers.PEERS.validate_python(sm("getPeers"), strict=True).peers) == 3


def test_a_deployment_has_a_receipt() -> None:
    found = answers.RECEIPT.validate_python(sm("sendTransaction"), strict=True).read()
    assert (found.block_number, found.status, found.output, found.logs) == (1, 0, b"", ())


def test_a_setting_has_a_receipt_with_its_result() -> None:
    answer = observed.SM_TRANSACTION["answer"]["result"]
    found = answers.RECEIPT.validate_python(answer, strict=True).read()
    assert (found.block_number, found.status) == (1, 0)
    assert found.output == bytes(32)
