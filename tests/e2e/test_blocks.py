"""The chain makes blocks from the transactions of applications, the same ones on every node."""

from tests.e2e.support.chain import Chain, label_of
from tests.e2e.support.sdk import Sdk, an_account, sdk_identity
from tests.e2e.support.waiting import wait_until


def test_blocks_grow_when_transactions_come_and_are_the_same_on_every_node(
    quickstart: Chain,
) -> None:
    account = an_account()
    hashes = {}
    blocks: list[int] = []
    for pod in quickstart.pods():
        member = label_of(pod, "member")
        assert member is not None
        with Sdk(quickstart, pod["metadata"]["name"], sdk_identity(quickstart, member)) as sdk:
            blocks.append(sdk.send(account))
    assert blocks == sorted(set(blocks)), "each transaction waited for its own block"
    for pod in quickstart.pods():
        member = label_of(pod, "member")
        assert member is not None
        with Sdk(quickstart, pod["metadata"]["name"], sdk_identity(quickstart, member)) as sdk:
            wait_until(lambda: sdk.height() >= blocks[-1], f"block {blocks[-1]}", quickstart.report)
            hashes[member] = sdk.hashes(blocks[-1])
    assert len(hashes) == 4
    first = hashes["webank"]
    assert len(set(first)) == blocks[-1] + 1, "every block has a hash of its own"
    assert all(found == first for found in hashes.values())
