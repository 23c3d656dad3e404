"""CAs end, and their owners renew them: with the same key, and all nodes know in time."""

from dataclasses import replace
from datetime import timedelta

from cryptography import x509

from consortium_operator.kube.kinds import CONFIG_MAP, SECRET
from tests.brought import Brought, ecdsa
from tests.fakes.operator import Stage
from tests.unit.reconcile.bringing import (
    CERTIFICATES,
    CLIENT_CA,
    INTACT,
    NODE_CA,
    READY,
    REGISTER,
    ROOT,
    bring,
    certificates_of,
    data_of,
    others,
    pods,
    refill,
    slow_resync,
    webank,
)


def renewed(ca: Brought, **by: float) -> Brought:
    return replace(ca, not_after=ca.not_after + timedelta(**by))


async def test_a_renewed_root_is_recorded_trusted_and_read_by_every_node(brought: Stage) -> None:
    """A running node has the old one in its memory and looks no further."""
    register = data_of(brought, CONFIG_MAP, REGISTER)
    new = renewed(NODE_CA, days=1)
    refill(brought, "webank-nodes", new.files())
    await slow_resync(brought)
    assert brought.told(READY) == "True/AsExpected"
    assert data_of(brought, CONFIG_MAP, REGISTER) == register
    trusted = data_of(brought, CONFIG_MAP, "trade-trust").values()
    assert new.pem.decode() in trusted
    assert NODE_CA.pem.decode() not in trusted
    assert sorted(brought.cluster.evictions) == sorted(pods(brought))


async def test_a_renewal_is_remembered_when_its_secret_is_gone(brought: Stage) -> None:
    new = renewed(NODE_CA, days=1)
    refill(brought, "webank-nodes", new.files())
    await slow_resync(brought)
    brought.cluster.evictions.clear()
    brought.cluster.delete_by_hand(SECRET, "webank-nodes")
    brought.start()
    await brought.settle()
    assert brought.told(INTACT) == "False/CAKeyMissing"
    assert new.pem.decode() in data_of(brought, CONFIG_MAP, "trade-trust").values()
    assert brought.cluster.evictions == []


async def test_a_quiet_chain_with_a_renewed_ca_costs_no_call(brought: Stage) -> None:
    refill(brought, "webank-nodes", renewed(NODE_CA, days=1).files())
    await slow_resync(brought)
    brought.cluster.forget_calls()
    for _ in range(5):
        await brought.round()
    assert not brought.cluster.verbs


async def test_a_renewed_client_ca_reaches_its_members_nodes(brought: Stage) -> None:
    new = renewed(CLIENT_CA, days=1)
    refill(brought, "webank-clients", new.files())
    await slow_resync(brought)
    assert brought.told(READY) == "True/AsExpected"
    assert brought.cluster.evictions == ["trade-webank-node-0-0"]
    (files,) = certificates_of(brought, "trade-webank-node-0")
    assert files["ca.crt"].encode() == new.pem


async def test_a_renewed_intermediate_restarts_nobody(stage: Stage) -> None:
    low = Brought(ecdsa(4), "WeBank issuing", under=ROOT)
    bring(stage, webank_nodes=low.files(root=ROOT))
    stage.create(*others(), webank())
    await stage.settle()
    refill(stage, "webank-nodes", renewed(low, days=1).files(root=ROOT))
    await slow_resync(stage)
    assert stage.told(READY) == "True/AsExpected"
    assert stage.cluster.evictions == []


async def test_a_ca_that_is_about_to_end_is_told_and_its_leafs_are_not_made_again_and_again(
    stage: Stage,
) -> None:
    """Nothing outlasts its CA, so another leaf would end just as soon."""
    short = replace(NODE_CA, not_after=stage.clock.now + timedelta(days=10))
    bring(stage, webank_nodes=short.files())
    stage.create(*others(), webank())
    await stage.settle()
    found = stage.condition(CERTIFICATES)
    assert (found["status"], found["reason"]) == ("False", "Renewing")
    assert "the node CA of member webank ends at" in found["message"]
    assert "Secret webank-nodes" in found["message"]
    assert len(certificates_of(stage, "trade-webank-node-0")) == 1
    assert stage.cluster.evictions == []
    # Its owner renews it: soon noticed, and then the leafs that ended with it are renewed.
    refill(stage, "webank-nodes", NODE_CA.files())
    stage.clock.advance(seconds=20)
    await stage.settle(rounds=80)
    assert stage.told(READY) == "True/AsExpected"
    (files,) = certificates_of(stage, "trade-webank-node-0")
    leaf = x509.load_pem_x509_certificate(files["ssl.crt"].encode())
    assert leaf.not_valid_after_utc > short.not_after + timedelta(days=300)


async def test_a_ca_that_has_ended_is_told_and_what_runs_is_left(stage: Stage) -> None:
    short = replace(CLIENT_CA, not_after=stage.clock.now + timedelta(days=10))
    bring(stage, webank_clients=short.files())
    stage.create(*others(), webank())
    await stage.settle()
    stage.clock.advance(days=11)
    await stage.settle()
    assert stage.told(CERTIFICATES) == "False/Expired"
    assert "the client CA of member webank ended at" in stage.condition(CERTIFICATES)["message"]
    assert stage.cluster.evictions == []


async def test_an_operators_own_ca_near_its_end_makes_no_leaf_again_and_again(
    running: Stage,
) -> None:
    running.clock.advance(days=3650 - 20)
    await running.settle(rounds=120)
    assert running.told(CERTIFICATES) == "False/Renewing"
    writes = len(running.cluster.writes)
    for _ in range(5):
        await running.round()
    assert len(running.cluster.writes) == writes
