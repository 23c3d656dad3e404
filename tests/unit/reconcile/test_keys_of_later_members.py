"""Keys of those who came after the founding: made where they are new, and never made anew, though
the founders table does not name them."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import CONFIG_MAP, PERSISTENT_VOLUME_CLAIM, SECRET, key_of
from tests.fakes.operator import Stage
from tests.unit.reconcile.test_membership import FOUNDERS, members

READY, INTACT = ConditionType.READY, ConditionType.IDENTITIES_INTACT
NODE = "trade-newcomer-node-0"
JOINED = members(*FOUNDERS, "newcomer")


async def _pinned(stage: Stage) -> None:
    spec = dict(stage.body()["spec"].get("fiscoBcos") or {})
    stage.edit(fiscoBcos={**spec, "genesisSha256": stage.status()["genesis"]["sha256"]})
    await stage.settle()


async def test_a_chain_with_a_pinned_genesis_takes_new_members_in(running: Stage) -> None:
    """The pin is for good, and only founders are known by it."""
    await _pinned(running)
    running.edit(members=JOINED)
    await running.settle(rounds=80)
    assert running.told(READY) == "True/AsExpected"
    assert running.status()["sealers"] == "5/5"


async def test_while_a_pinned_chain_was_not_seen_to_run_nobody_is_new(running: Stage) -> None:
    """It may be on its way back from a backup, and the keys of later members with it."""
    await _pinned(running)
    running.cluster.delete_by_hand(CONFIG_MAP, "trade-journal")
    running.edit(members=JOINED)
    running.hear()
    await running.act()
    assert running.told(INTACT) == "False/CAKeyMissing"
    assert "was not seen to run yet" in running.condition(INTACT)["message"]
    assert running.cluster.find(SECRET, "trade-newcomer-node-ca-1") is None


@pytest.mark.parametrize(
    ("name", "reason", "secrets"),
    [
        (f"{NODE}-identity", "NodeKeyMissing", [f"{NODE}-identity", f"{NODE}-tls-1"]),
        ("trade-newcomer-node-ca-1", "CAKeyMissing", ["trade-newcomer-node-ca-1"]),
    ],
)
async def test_a_key_of_which_only_the_journal_tells_is_not_made_anew(
    running: Stage, name: str, reason: str, secrets: list[str]
) -> None:
    """Neither its Secret nor its register nor a volume is left."""
    running.edit(members=JOINED)
    await running.settle(rounds=80)
    volume = running.cluster.find(PERSISTENT_VOLUME_CLAIM, f"{NODE}-data-g1")
    assert volume is not None
    running.cluster.remove(key_of(volume))
    running.cluster.delete_by_hand(CONFIG_MAP, name)
    for secret in secrets:
        running.cluster.delete_by_hand(SECRET, secret)
    running.clock.advance(minutes=31)
    for _ in range(5):
        await running.round()
    assert running.told(INTACT) == f"False/{reason}"
    assert "the journal says" in running.condition(INTACT)["message"]
    assert [one for one in secrets if running.cluster.find(SECRET, one)] == []
