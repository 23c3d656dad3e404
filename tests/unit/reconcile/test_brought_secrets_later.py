"""What becomes of a running chain when somebody touches the Secrets that it was founded on.

They are their owner's: the operator never writes one, and what runs goes on.
"""

from collections.abc import Mapping

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET
from tests import chains
from tests.brought import Brought, ecdsa, node_pem, secret
from tests.fakes.faults import Fault, on
from tests.fakes.operator import Stage
from tests.unit.reconcile.bringing import (
    INTACT,
    NODE_CA,
    READY,
    REGISTER,
    SECRETS,
    data_of,
    forbidden,
    mounted,
    others,
    pods,
    refill,
    slow_resync,
    webank,
    written_secrets,
)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("webank-nodes", "CAKeyMissing"),
        ("webank-clients", "CAKeyMissing"),
        ("webank-key", "NodeKeyMissing"),
    ],
)
async def test_a_deleted_secret_is_told_and_all_is_well_once_it_is_back(
    brought: Stage, name: str, reason: str
) -> None:
    before = pods(brought)
    brought.cluster.delete_by_hand(SECRET, name)
    await slow_resync(brought)
    assert brought.told(INTACT) == f"False/{reason}"
    assert f"Secret {name} " in brought.condition(INTACT)["message"]
    assert brought.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert pods(brought) == before
    brought.cluster.put(secret(name, SECRETS[name]))
    await brought.settle()
    assert brought.told(READY) == "True/AsExpected"
    assert pods(brought) == before


@pytest.mark.parametrize("name", SECRETS)
async def test_a_secret_that_may_no_longer_be_read_leaves_the_rest_looked_after(
    brought: Stage, name: str
) -> None:
    """Rights may be given for single Secrets."""
    brought.cluster.faults.append(Fault(on("get", SECRET, name), error=forbidden))
    brought.cluster.delete_by_hand(CONFIG_MAP, "trade-trust")
    before = pods(brought)
    await slow_resync(brought)
    assert brought.told(INTACT) == "False/Forbidden"
    assert f"Secret {name} " in brought.condition(INTACT)["message"]
    assert brought.cluster.find(CONFIG_MAP, "trade-trust") is not None
    brought.cluster.faults.clear()
    await brought.settle()
    assert brought.told(READY) == "True/AsExpected"
    assert pods(brought) == before


OTHER_KEYS: dict[str, Mapping[str, bytes]] = {
    "webank-nodes": Brought(ecdsa(8), "WeBank nodes").files(),
    "webank-clients": Brought(ecdsa(8), "WeBank clients").files(),
    "webank-key": {"node.pem": node_pem(2)},
}


@pytest.mark.parametrize("name", OTHER_KEYS)
async def test_another_key_is_told_and_the_chain_runs_on(brought: Stage, name: str) -> None:
    before, trust = pods(brought), data_of(brought, CONFIG_MAP, "trade-trust")
    refill(brought, name, OTHER_KEYS[name])
    await slow_resync(brought)
    assert brought.told(INTACT) == "False/NodeKeyMismatch"
    assert f"Secret {name} " in brought.condition(INTACT)["message"]
    assert brought.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert pods(brought) == before
    assert data_of(brought, CONFIG_MAP, "trade-trust") == trust
    refill(brought, name, SECRETS[name])
    await brought.settle()
    assert brought.told(READY) == "True/AsExpected"
    assert pods(brought) == before


async def test_a_node_is_not_restarted_with_another_key(brought: Stage) -> None:
    refill(brought, "webank-key", OTHER_KEYS["webank-key"])
    await slow_resync(brought)
    brought.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    await brought.settle(rounds=80)
    assert len(brought.cluster.evictions) == 3
    assert "trade-webank-node-0-0" not in brought.cluster.evictions


async def test_a_secret_may_be_called_otherwise(brought: Stage) -> None:
    """A node takes the new name up at its turn; a CA is only read."""
    for name, files in SECRETS.items():
        brought.cluster.put(secret(f"new-{name}", files))
    member = chains.member("webank", chains.node("node", identity={"secretName": "new-webank-key"}))
    member |= {
        "certificateAuthority": {"secretName": "new-webank-nodes"},
        "clientAuthority": {"secretName": "new-webank-clients"},
    }
    brought.edit(members=[*others(), member])
    await brought.settle(rounds=80)
    assert brought.told(READY) == "True/AsExpected"
    assert brought.cluster.evictions == ["trade-webank-node-0-0"]
    assert mounted(brought, "trade-webank-node-0", "node.pem") == "new-webank-key"


async def test_a_member_that_no_longer_says_where_its_keys_are_keeps_what_runs(
    brought: Stage,
) -> None:
    before = pods(brought)
    brought.edit(members=[*others(), chains.member("webank")])
    await slow_resync(brought)
    assert brought.told(INTACT).startswith("False/")
    message = brought.condition(INTACT)["message"]
    assert "spec.members[3].certificateAuthority" in message
    assert "spec.members[3].nodes[0].identity" in message
    assert pods(brought) == before
    assert written_secrets(brought).isdisjoint({REGISTER, "trade-webank-node-0-identity"})
    brought.edit(members=[*others(), webank()])
    await brought.settle()
    assert brought.told(READY) == "True/AsExpected"


async def test_a_chain_that_was_deleted_takes_up_the_same_keys(brought: Stage) -> None:
    genesis = brought.status()["genesis"]
    brought.delete()
    brought.cluster.collect_garbage()
    brought.create(*others(), webank())
    await brought.settle(rounds=80)
    assert brought.told(READY) == "True/AsExpected"
    assert brought.status()["genesis"] == genesis


async def test_a_key_that_the_operator_made_may_be_brought_from_then_on(running: Stage) -> None:
    """Its owner takes it over: the same key under a name of the owner's own."""
    key = running.cluster.find(SECRET, "trade-webank-node-ca-1")
    assert key is not None
    mine = secret("mine", {}) | {"data": key["data"], "type": key["type"]}
    running.cluster.put(mine)
    member = chains.member("webank") | {"certificateAuthority": {"secretName": "mine"}}
    running.edit(members=[*others(), member])
    await running.settle()
    assert running.told(READY) == "True/AsExpected"
    running.edit(members=[*others(), member | {"certificateAuthority": {"secretName": "webank"}}])
    running.cluster.put(secret("webank", NODE_CA.files()))
    await slow_resync(running)
    assert running.told(INTACT) == "False/NodeKeyMismatch"
