"""CAs and node keys that members bring: a chain is founded on them, or says which Secret is wrong.

Whatever becomes of the Secrets later, they are their owner's: the operator never writes one, and
what runs goes on.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from consortium_operator.api.conditions import ConditionType
from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.fisco_bcos.suites.table import SUITES
from consortium_operator.engines.protocol import Subject, Validity
from consortium_operator.kube.errors import ApiError, Forbidden
from consortium_operator.kube.kinds import CONFIG_MAP, POD, SECRET, STATEFUL_SET
from consortium_operator.reconcile.reconciler import LATER, PATIENCE
from tests import chains
from tests.brought import Brought, ecdsa, node_pem, secret
from tests.fakes.cluster import OPERATOR
from tests.fakes.faults import Call, Fault, on
from tests.fakes.operator import Stage
from tests.leaks import Scanner
from tests.unit.reconcile.conftest import check

INTACT = ConditionType.IDENTITIES_INTACT
READY = ConditionType.READY
CERTIFICATES = ConditionType.CERTIFICATES_VALID

NODE_CA, CLIENT_CA = Brought(ecdsa(1), "WeBank nodes"), Brought(ecdsa(2), "WeBank clients")
ROOT = Brought(ecdsa(3), "WeBank root")
SECRETS: Mapping[str, Mapping[str, bytes]] = {
    "webank-nodes": NODE_CA.files(),
    "webank-clients": CLIENT_CA.files(root=CLIENT_CA),
    "webank-key": {"node.pem": node_pem(1)},
}
REGISTER = "trade-webank-node-ca-1"


def webank(**fields: Any) -> dict[str, Any]:
    """A member that brings all it can."""
    return (
        chains.member("webank", chains.node("node", identity={"secretName": "webank-key"}))
        | {
            "certificateAuthority": {"secretName": "webank-nodes"},
            "clientAuthority": {"secretName": "webank-clients"},
        }
        | fields
    )


def others(*names: str) -> list[dict[str, Any]]:
    return [chains.member(name) for name in names or ("huawei", "ping-an", "tencent")]


def bring(stage: Stage, **changed: Mapping[str, bytes] | None) -> None:
    """All of SECRETS, some with other content (by name with underscores; None: not at all)."""
    found = dict(SECRETS) | {name.replace("_", "-"): files for name, files in changed.items()}
    for name, files in found.items():
        if files is not None:
            stage.cluster.put(secret(name, files))


def refill(stage: Stage, name: str, files: Mapping[str, bytes]) -> None:
    """As its owner, or cert-manager, edits a Secret in place."""
    stage.cluster.edit(SECRET, name, lambda obj: obj.update(data=secret(name, files)["data"]))


async def slow_resync(stage: Stage) -> None:
    stage.clock.advance(minutes=31)
    await stage.settle(rounds=80)


FOUNDED: list[Stage] = []


@pytest.fixture
async def brought() -> Any:
    """A chain of four members that runs; webank brought its CAs and its key."""
    if not FOUNDED:
        founded = Stage()
        bring(founded)
        founded.create(*others(), webank())
        await founded.settle()
        FOUNDED.append(founded)
    stage = FOUNDED[0].copy()
    stage.cluster.evictions.clear()
    yield stage
    check(stage)
    assert written_secrets(stage).isdisjoint(SECRETS)


def written_secrets(stage: Stage) -> set[str]:
    """By the operator, ever."""
    return {
        event.key.name
        for event in stage.cluster.history
        if event.key.kind == SECRET and event.actor == OPERATOR
    }


def data_of(stage: Stage, kind: Any, name: str) -> dict[str, str]:
    found = stage.cluster.find(kind, name)
    assert found is not None, name
    data: dict[str, str] = found["data"]
    return data


def certificates_of(stage: Stage, node: str) -> list[dict[str, str]]:
    return [
        obj["data"]
        for obj in stage.cluster.all(CONFIG_MAP)
        if obj["metadata"]["name"].startswith(f"{node}-cert-")
    ]


def mounted(stage: Stage, node: str, key: str) -> str:
    """The object from which a node's pod gets a file."""
    found = stage.cluster.find(STATEFUL_SET, node)
    assert found is not None
    for volume in found["spec"]["template"]["spec"]["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            ((_, one),) = source.items()
            if any(item["key"] == key for item in one.get("items", [])):
                name: str = one["name"]
                return name
    raise AssertionError(f"{node} mounts no {key}")


# The founding.


async def test_a_chain_is_founded_on_what_a_member_brings(brought: Stage) -> None:
    assert brought.told(READY) == "True/AsExpected"
    assert data_of(brought, CONFIG_MAP, REGISTER)["ca.crt"].encode() == NODE_CA.pem
    (files,) = certificates_of(brought, "trade-webank-node-0")
    leaf = x509.load_pem_x509_certificate(files["ssl.crt"].encode())
    leaf.verify_directly_issued_by(NODE_CA.certificate)
    assert files["ca.crt"].encode() == CLIENT_CA.pem
    for client, name in (
        ("sdk.crt", "trade-webank-client"),
        ("client.crt", "trade-webank-operator-client"),
    ):
        pem = data_of(brought, CONFIG_MAP, name)[client].encode()
        x509.load_pem_x509_certificate(pem).verify_directly_issued_by(CLIENT_CA.certificate)
    trusted = data_of(brought, CONFIG_MAP, "trade-trust").values()
    assert NODE_CA.pem.decode() in trusted
    assert CLIENT_CA.pem.decode() not in trusted


async def test_the_brought_key_founds_the_node_and_is_mounted_as_it_is(brought: Stage) -> None:
    node_id = brought.engine.node_id(PrivateFiles(SECRETS["webank-key"]))
    assert node_id in data_of(brought, CONFIG_MAP, "trade-genesis")["config.genesis"]
    assert mounted(brought, "trade-webank-node-0", "node.pem") == "webank-key"
    assert mounted(brought, "trade-huawei-node-0", "node.pem") == "trade-huawei-node-0-identity"


async def test_what_is_brought_is_neither_made_nor_copied(brought: Stage) -> None:
    made = written_secrets(brought)
    assert "trade-huawei-node-ca-1" in made
    assert made.isdisjoint({REGISTER, "trade-webank-client-ca-1", "trade-webank-node-0-identity"})
    assert "trade-webank-node-0-tls-1" in made


async def test_no_brought_key_slips_out(brought: Stage) -> None:
    scanner = Scanner([secret(name, files) for name, files in SECRETS.items()])
    for event in brought.cluster.history:
        if event.actor == OPERATOR and event.key.kind != SECRET:
            assert scanner.scan(str(event.object), str(event.key)) == []


async def test_an_intermediate_signs_and_its_root_is_trusted(stage: Stage) -> None:
    low = Brought(ecdsa(4), "WeBank issuing", under=ROOT)
    bring(stage, webank_nodes=low.files(root=ROOT))
    stage.create(*others(), webank())
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"
    (files,) = certificates_of(stage, "trade-webank-node-0")
    assert files["ssl.crt"].encode().endswith(low.pem)
    trusted = data_of(stage, CONFIG_MAP, "trade-trust").values()
    assert ROOT.pem.decode() in trusted
    assert low.pem.decode() not in trusted
    assert data_of(stage, CONFIG_MAP, "trade-webank-client")["ca.crt"].encode() == ROOT.pem


async def test_an_sm_chain_is_founded_on_an_sm2_ca_and_key(stage: Stage) -> None:
    sm = FiscoBcos(SUITES[Cryptography.SM])
    subject = Subject(chain="mine", member="webank", name="nodes", generation=1)
    validity = Validity(stage.clock.now, stage.clock.now + timedelta(days=900), 7)
    authority = sm.new_authority(AuthorityKind.NODE, subject, validity)
    key = sm.new_node_key()
    bring(stage, webank_nodes=authority, webank_key=key)
    stage.create(*others(), webank(), fiscoBcos={"cryptography": "SM"})
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"
    assert sm.node_id(key) in data_of(stage, CONFIG_MAP, "trade-genesis")["config.genesis"]


async def test_an_sm_chain_refuses_what_belongs_to_the_other_world(stage: Stage) -> None:
    bring(stage)
    stage.create(*others(), webank(), fiscoBcos={"cryptography": "SM"})
    await stage.round()
    assert only_the_status_was_written(stage)
    message = stage.condition(INTACT)["message"]
    assert "Secret webank-nodes of member webank cannot be used" in message
    assert "Secret webank-key of node webank/node-0 cannot be used" in message
    assert "webank-clients" not in message


# What is missing or bad before the founding.


def only_the_status_was_written(stage: Stage) -> bool:
    return {write.split()[0] for write in stage.cluster.writes} <= {"patch-status"}


@pytest.mark.parametrize("name", SECRETS)
async def test_nothing_is_made_while_a_secret_is_missing(stage: Stage, name: str) -> None:
    bring(stage, **{name.replace("-", "_"): None})
    stage.create(*others(), webank())
    assert await stage.round() == LATER
    assert only_the_status_was_written(stage)
    found = stage.condition(INTACT)
    assert (found["status"], found["reason"]) == ("False", "SecretNotFound")
    assert f"Secret {name} " in found["message"]
    assert "spec.members[webank]." in found["message"]
    assert stage.told(ConditionType.GENESIS_SEALED) == "False/WaitingForIdentities"
    assert stage.told(ConditionType.STALLED).startswith("False")
    stage.cluster.put(secret(name, SECRETS[name]))
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"


ENDED = replace(NODE_CA, not_after=datetime(2025, 12, 31, tzinfo=UTC))
LATE = replace(NODE_CA, not_before=datetime(2026, 2, 1, tzinfo=UTC))
BAD: dict[str, tuple[str, Mapping[str, bytes], str]] = {
    "an empty CA": ("webank-nodes", {}, "tls.key is missing"),
    "a CA that has ended": ("webank-nodes", ENDED.files(), "ended at 2025-12-31 00:00 UTC"),
    "a CA of the future": ("webank-nodes", LATE.files(), "before 2026-02-01 00:00 UTC"),
    "a leaf": ("webank-clients", replace(CLIENT_CA, ca=False).files(), "CA:TRUE is missing"),
    "an intermediate without its root": (
        "webank-clients",
        replace(CLIENT_CA, under=ROOT).files(),
        '"CN=WeBank root", which is not there',
    ),
    "another key": (
        "webank-nodes",
        {**NODE_CA.files(), "tls.key": CLIENT_CA.files()["tls.key"]},
        "not for the key tls.key",
    ),
    "a node key on another curve": (
        "webank-key",
        {"node.pem": node_pem(1, ec.SECP256R1)},
        "secp256r1",
    ),
    "a node key under another name": (
        "webank-key",
        {"key.pem": node_pem(1)},
        "node.pem is missing",
    ),
    "no PEM": ("webank-key", {"node.pem": b"\x00key"}, "node.pem is no"),
}


@pytest.mark.parametrize("case", BAD)
async def test_nothing_is_made_while_a_secret_is_bad(stage: Stage, case: str) -> None:
    name, files, why = BAD[case]
    bring(stage, **{name.replace("-", "_"): files})
    stage.create(*others(), webank())
    assert await stage.round() == LATER
    assert only_the_status_was_written(stage)
    found = stage.condition(INTACT)
    assert (found["status"], found["reason"]) == ("False", "Invalid")
    assert f"Secret {name} of " in found["message"]
    assert why in found["message"]
    assert stage.told(ConditionType.STALLED) == "True/Invalid"
    refill(stage, name, SECRETS[name])
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"


async def test_all_that_is_wrong_is_told_at_once(stage: Stage) -> None:
    bring(stage, webank_nodes=None, webank_clients={}, webank_key={})
    stage.create(*others(), webank())
    await stage.round()
    message = stage.condition(INTACT)["message"]
    assert all(f"Secret {name} " in message for name in SECRETS)
    assert stage.told(INTACT) == "False/Invalid"


async def test_a_status_about_many_secrets_is_one_that_the_api_server_takes(stage: Stage) -> None:
    names = [f"n{number}" for number in range(32)]
    stage.create(
        *(
            chains.member(
                f"m{m}",
                *(chains.node(n, identity={"secretName": f"m{m}-{n}"}) for n in names),
            )
            for m in range(8)
        )
    )
    await stage.round()
    message = stage.condition(INTACT)["message"]
    assert message.startswith("Secret m0-n0 of node m0/n0-0, which ")
    assert re.search(r"; and \d+ more$", message)
    assert len(message) < 32768 / 2


CONFLICTS = {
    "one CA for nodes and clients": ({"webank_clients": NODE_CA.files()}, "have one key"),
    "nodes and clients under one root": (
        {
            "webank_nodes": Brought(ecdsa(5), "A", under=ROOT).files(root=ROOT),
            "webank_clients": Brought(ecdsa(6), "B", under=ROOT).files(root=ROOT),
        },
        "end in one root CA",
    ),
    "two CAs of one name": (
        {"webank_clients": Brought(ecdsa(7), "WeBank nodes").files()},
        "share the subject",
    ),
}


@pytest.mark.parametrize("case", CONFLICTS)
async def test_nothing_is_made_while_two_secrets_do_not_go_together(
    stage: Stage, case: str
) -> None:
    changed, why = CONFLICTS[case]
    bring(stage, **changed)
    stage.create(*others(), webank())
    await stage.round()
    assert only_the_status_was_written(stage)
    assert stage.told(INTACT) == "False/Invalid"
    message = stage.condition(INTACT)["message"]
    assert why in message
    assert "Secret webank-nodes (node CA of member webank)" in message
    assert "Secret webank-clients (client CA of member webank)" in message


async def test_two_nodes_never_share_a_key(stage: Stage) -> None:
    bring(stage)
    stage.cluster.put(secret("copy", SECRETS["webank-key"]))
    twin = chains.member("huawei", chains.node("node", identity={"secretName": "copy"}))
    stage.create(*others("ping-an", "tencent"), twin, webank())
    await stage.round()
    assert only_the_status_was_written(stage)
    message = stage.condition(INTACT)["message"]
    assert (
        "Secret copy of node huawei/node-0 and Secret webank-key of node webank/node-0" in message
    )


async def test_a_secret_that_is_named_twice_is_refused_by_its_fields(stage: Stage) -> None:
    bring(stage)
    twin = chains.member("huawei") | {"certificateAuthority": {"secretName": "webank-clients"}}
    stage.create(*others("ping-an", "tencent"), twin, webank())
    await stage.round()
    assert stage.told(ConditionType.SPEC_VALID) == "False/Invalid"
    message = stage.condition(ConditionType.SPEC_VALID)["message"]
    assert "spec.members[2].certificateAuthority.secretName" in message
    assert "spec.members[3].clientAuthority.secretName" in message


async def test_a_secret_that_may_not_be_read_is_not_taken_for_absent(stage: Stage) -> None:
    bring(stage)
    stage.create(*others(), webank())
    stage.cluster.faults.append(Fault(on("get", SECRET), error=_forbidden))
    for _ in range(PATIENCE + 1):
        with suppress(Forbidden):
            await stage.round()
    assert stage.told(INTACT) == "False/Forbidden"
    assert "chainNamespaces" in stage.condition(INTACT)["message"]
    assert only_the_status_was_written(stage)


def _forbidden(call: Call) -> ApiError:
    return Forbidden(403, "Forbidden", "sorry", call.verb, call.key)


# What becomes of the Secrets later.


def pods(stage: Stage) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in stage.cluster.all(POD)}


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
    assert "spec.members[webank].certificateAuthority" in message
    assert "spec.members[webank].nodes[node].identity" in message
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


# Lifetimes and renewal.


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
