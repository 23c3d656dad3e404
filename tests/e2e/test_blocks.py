"""The chain makes blocks from the transactions of applications, the same ones on every node."""

from tests.e2e.support.chain import Chain
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import an_account
from tests.e2e.support.waiting import wait_until


def test_each_members_transaction_makes_a_block(quickstart: Chain) -> None:
    account = an_account()
    with member_clients(quickstart) as clients:
        before = clients["webank"].height()
        blocks = [sdk.send(account) for sdk in clients.values()]
    assert blocks == [before + 1, before + 2, before + 3, before + 4]


def test_all_nodes_have_the_same_hash_at_each_height(quickstart: Chain) -> None:
    with member_clients(quickstart) as clients:
        height = clients["webank"].send(an_account())
        wait_until(
            lambda: all(sdk.height() >= height for sdk in clients.values()),
            f"block {height} on every node",
            quickstart.report,
        )
        found = [sdk.hashes(height) for sdk in clients.values()]
    assert len(found) == 4
    assert len(set(found[0])) == height + 1, "every block has a hash of its own"
    assert all(hashes == found[0] for hashes in found)
    assert found[0][0] == quickstart.status()["genesis"]["blockHash"]
