"""More is gone than one volume: the journal that told of it, or the volumes of all."""

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import CONFIG_MAP, PERSISTENT_VOLUME_CLAIM, STATEFUL_SET
from tests.fakes.operator import Stage
from tests.unit.reconcile.rebuilding import (
    BACK_AND_FORTH,
    IN_SYNC,
    NODES,
    READY,
    WEBANK,
    changes,
    lose,
    mounted,
    say,
    volumes,
    weight,
)
from tests.unit.reconcile.test_membership import FOUNDERS, members

LATER = "trade-newcomer-node-0"


async def test_that_a_sealer_had_a_volume_is_known_without_the_journal(running: Stage) -> None:
    """Both are missing, as after a restore of a part of a backup: it does not vote on an empty
    volume all the same."""
    running.delete()
    lose(running, WEBANK)
    running.cluster.delete_by_hand(CONFIG_MAP, "trade-journal")
    running.controllers.run()
    running.create()
    await running.settle(rounds=80)
    assert running.told(READY) == "True/AsExpected"
    assert volumes(running, WEBANK) == ["g2"]
    assert changes(running, WEBANK) == BACK_AND_FORTH


async def test_nor_does_one_that_joined_later_which_only_the_chain_knows(running: Stage) -> None:
    """Nobody is new before the chain can be read, and nobody is that has a vote there."""
    later = members(*FOUNDERS, "newcomer")
    running.edit(members=later)
    await running.settle()
    running.delete()
    lose(running, LATER)
    running.cluster.delete_by_hand(CONFIG_MAP, "trade-journal")
    running.controllers.run()
    running.create(*later)
    running.hear()
    await running.act()
    assert volumes(running, LATER) == []
    assert "newcomer/node-0: no volume is made before" in running.condition(IN_SYNC)["message"]
    await running.settle(rounds=80)
    assert running.told(READY) == "True/AsExpected"
    assert volumes(running, LATER) == ["g2"]
    assert changes(running, LATER)[-2:] == BACK_AND_FORTH


async def test_one_that_is_added_to_a_chain_that_sleeps_begins_when_that_wakes(
    running: Stage,
) -> None:
    """A chain that sleeps cannot say whether it knows the node."""
    running.edit(hibernated=True)
    await running.settle()
    running.edit(members=members(*FOUNDERS, "newcomer"))
    await running.settle()
    assert running.told(READY) == "False/Hibernated"
    assert running.cluster.find(STATEFUL_SET, LATER) is None
    assert volumes(running, LATER) == []
    running.edit(hibernated=False)
    await running.settle(rounds=80)
    assert running.told(READY) == "True/AsExpected"
    assert volumes(running, LATER) == ["g1"]


async def test_where_all_volumes_are_lost_only_a_backup_helps(running: Stage) -> None:
    lose(running, *(f"trade-{name}-node-0" for name in ("huawei", "ping-an", "tencent", "webank")))
    await running.settle()
    assert running.told(NODES) == "False/VolumeLost"
    assert running.told(ConditionType.STALLED) == "True/VolumeLost"
    message = running.condition(NODES)["message"]
    assert "no other node has its volume, from which it could be rebuilt" in message
    assert ". Restore the PersistentVolumeClaim;" in message
    assert volumes(running, WEBANK) == []


async def test_volumes_deleted_under_nodes_that_run_are_rebuilt_by_words_for_each(
    running: Stage,
) -> None:
    """As by `kubectl delete persistentvolumeclaim --all`: the pods keep what they have open."""
    for claim in running.cluster.all(PERSISTENT_VOLUME_CLAIM):
        running.cluster.edit(
            PERSISTENT_VOLUME_CLAIM,
            claim["metadata"]["name"],
            lambda one: one["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"),
        )
    await running.settle()
    assert "move-node=" in running.condition(NODES)["message"]
    say(running, f"{WEBANK}@2")
    for _ in range(20):
        await running.round()
    assert mounted(running, WEBANK) == "g2"
    assert weight(running, WEBANK) == 1
