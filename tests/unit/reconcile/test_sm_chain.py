"""An SM chain: the same rounds, with more keys and certificates for each node."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from cryptography import x509

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.register import AuthorityKind, NodeRegister
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, STATEFUL_SET, JsonObject, Kind
from tests import chains
from tests.fakes.faults import Fault, Mode, at_write
from tests.fakes.operator import Stage
from tests.unit.reconcile.conftest import check

NODE = "trade-webank-node-0"
TLS_KEY = f"{NODE}-tls-1"
NODE_CA, CLIENT_CA = "trade-webank-node-ca-1", "trade-webank-client-ca-1"
CERTIFICATES = {"sm_ssl.crt", "sm_enssl.crt", "ssl.crt"}
TLS_KEYS = {"sm_ssl.key", "sm_enssl.key", "ssl.key"}
READY, INTACT = ConditionType.READY, ConditionType.IDENTITIES_INTACT

FOUNDED: list[Stage] = []


@pytest.fixture
async def sm_chain() -> AsyncIterator[Stage]:
    """An SM chain of four members that runs."""
    if not FOUNDED:
        founded = Stage()
        founded.create(fiscoBcos={"cryptography": "SM"})
        await founded.settle()
        FOUNDED.append(founded)
    stage = FOUNDED[0].copy()
    yield stage
    check(stage)


def find(stage: Stage, kind: Kind, name: str) -> JsonObject:
    found = stage.cluster.find(kind, name)
    assert found is not None, name
    return found


def certificates(stage: Stage) -> list[JsonObject]:
    """The ConfigMaps with the node's certificates."""
    return [
        one
        for one in stage.cluster.all(CONFIG_MAP)
        if one["metadata"]["name"].startswith(f"{NODE}-cert-")
    ]


def ends(stage: Stage) -> list[datetime]:
    """When each certificate of the node ends, in each ConfigMap."""
    return [
        x509.load_pem_x509_certificate(text.encode()).not_valid_after_utc
        for one in certificates(stage)
        for file, text in one["data"].items()
        if file in CERTIFICATES
    ]


async def test_a_new_sm_resource_becomes_a_ready_chain(sm_chain: Stage) -> None:
    assert sm_chain.told(READY) == "True/AsExpected"
    assert sm_chain.status()["height"] == 1
    genesis = find(sm_chain, CONFIG_MAP, "trade-genesis")["data"]["config.genesis"]
    assert "sm_crypto=true" in genesis


async def test_a_node_has_its_sm_files_and_those_of_json_rpc(sm_chain: Stage) -> None:
    """The node reference, section 1.4, and section 12 under SM."""
    assert set(find(sm_chain, SECRET, TLS_KEY)["data"]) == TLS_KEYS
    (mounted,) = certificates(sm_chain)
    assert set(mounted["data"]) == CERTIFICATES | {"ca.crt", "sm_ca.crt"}
    volumes = find(sm_chain, STATEFUL_SET, NODE)["spec"]["template"]["spec"]["volumes"]
    (conf,) = [one["projected"]["sources"] for one in volumes if one["name"] == "files-conf"]
    paths = {
        item["path"] for source in conf for found in source.values() for item in found["items"]
    }
    assert paths == CERTIFICATES | TLS_KEYS | {"ca.crt", "sm_ca.crt", "node.pem"}


async def test_peers_trust_every_members_sm_authority(sm_chain: Stage) -> None:
    trusted = set(find(sm_chain, CONFIG_MAP, "trade-trust")["data"].values())
    authorities = {
        find(sm_chain, CONFIG_MAP, f"trade-{member}-node-ca-1")["data"]["ca.crt"]
        for member in ("huawei", "ping-an", "tencent", "webank")
    }
    assert trusted == authorities
    for pem in trusted:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        assert certificate.signature_algorithm_oid.dotted_string == "1.2.156.10197.1.501"


async def test_clients_know_the_nodes_by_the_authority_of_their_own(sm_chain: Stage) -> None:
    """A client of RSA and ECDSA could not verify what an SM2 authority signed."""
    client_ca = find(sm_chain, CONFIG_MAP, CLIENT_CA)["data"]["ca.crt"]
    for client, file in (("client", "sdk.crt"), ("operator-client", "client.crt")):
        data = find(sm_chain, CONFIG_MAP, f"trade-webank-{client}")["data"]
        assert set(data) == {file, "ca.crt"}
        assert data["ca.crt"] == client_ca
    (mounted,) = certificates(sm_chain)
    assert mounted["data"]["ca.crt"] == client_ca


async def test_the_register_holds_all_public_keys(sm_chain: Stage) -> None:
    data = find(sm_chain, CONFIG_MAP, f"{NODE}-identity")["data"]
    register = NodeRegister.from_data(data)
    assert len(register.tls_id) == 128
    assert register.sign_public_key
    assert register.encrypt_public_key
    assert set(data) == set(NodeRegister.__dataclass_fields__)


async def test_a_quiet_sm_chain_costs_no_call(sm_chain: Stage) -> None:
    for _ in range(3):
        await sm_chain.round()
    assert sm_chain.cluster.calls == []


async def test_a_restarted_operator_changes_nothing(sm_chain: Stage) -> None:
    before = sm_chain.cluster.versions()
    sm_chain.start()
    await sm_chain.settle()
    assert sm_chain.cluster.versions() == before


@pytest.mark.parametrize("file", sorted(TLS_KEYS))
@pytest.mark.parametrize("becomes", ["gone", "another"])
async def test_each_private_key_is_missed(sm_chain: Stage, file: str, becomes: str) -> None:
    key = sm_chain.cluster.delete_by_hand(SECRET, TLS_KEY)
    other = find(sm_chain, SECRET, "trade-huawei-node-0-tls-1")["data"][file]
    data = {name: value for name, value in key["data"].items() if name != file}
    sm_chain.cluster.put(
        _restored(key) | {"data": data | ({file: other} if becomes != "gone" else {})}
    )
    await _slow_resync(sm_chain)
    assert sm_chain.told(INTACT) == "False/NodeKeyMismatch"
    if becomes == "gone":
        assert f"{file} is missing" in sm_chain.condition(INTACT)["message"]
    sm_chain.cluster.delete_by_hand(SECRET, TLS_KEY)
    sm_chain.cluster.put(_restored(key))
    await sm_chain.settle()
    assert sm_chain.told(READY) == "True/AsExpected"


@pytest.mark.parametrize("name", [f"{NODE}-identity", TLS_KEY, NODE_CA, CLIENT_CA, "trade-admin"])
async def test_a_lost_key_is_told_and_never_made_anew(sm_chain: Stage, name: str) -> None:
    key = sm_chain.cluster.delete_by_hand(SECRET, name)
    await _slow_resync(sm_chain)
    assert sm_chain.told(INTACT).startswith("False/")
    assert name in sm_chain.condition(INTACT)["message"]
    assert sm_chain.cluster.find(SECRET, name) is None
    sm_chain.cluster.put(_restored(key))
    await sm_chain.settle()
    assert sm_chain.told(READY) == "True/AsExpected"


async def test_certificates_are_renewed_together(sm_chain: Stage) -> None:
    (first,) = set(ends(sm_chain))
    sm_chain.clock.now = datetime(2026, 12, 20, tzinfo=UTC)
    await sm_chain.settle(rounds=80)
    renewed = set(ends(sm_chain))
    assert len(renewed) == 1
    assert min(renewed) > first


@pytest.mark.parametrize("kind", AuthorityKind)
async def test_without_one_of_its_authorities_a_node_is_not_renewed(
    sm_chain: Stage, kind: AuthorityKind
) -> None:
    """Both sign: the node CA for peers, the client CA what JSON-RPC shows."""
    (first,) = set(ends(sm_chain))
    sm_chain.cluster.delete_by_hand(SECRET, f"trade-webank-{kind.value}-1")
    sm_chain.clock.now = datetime(2026, 12, 20, tzinfo=UTC)
    await sm_chain.settle(rounds=80)
    assert set(ends(sm_chain)) == {first}
    assert sm_chain.told(ConditionType.CERTIFICATES_VALID) == "False/Renewing"
    assert "webank/node-0" in sm_chain.condition(ConditionType.CERTIFICATES_VALID)["message"]


async def test_a_certificate_that_is_lost_comes_back_as_it_was(sm_chain: Stage) -> None:
    (before,) = certificates(sm_chain)
    sm_chain.cluster.delete_by_hand(CONFIG_MAP, before["metadata"]["name"])
    await sm_chain.settle()
    (after,) = certificates(sm_chain)
    assert after["data"] == before["data"]
    assert sm_chain.cluster.evictions == []


async def test_no_private_key_is_in_a_public_object(sm_chain: Stage) -> None:
    secrets = [
        base64.b64decode(value)
        for one in sm_chain.cluster.all(SECRET)
        for name, value in one["data"].items()
        if name != "tls.crt"
    ]
    bodies = [b"".join(secret.splitlines()[1:-1]).decode() for secret in secrets]
    public = [
        str(one).replace("\\n", "") for one in sm_chain.cluster.all() if one["kind"] != "Secret"
    ]
    assert bodies
    assert not [body for body in bodies if any(body in text for text in public)]


@pytest.mark.parametrize("write", range(1, 32, 4))
async def test_the_operator_may_die_at_the_founding(write: int) -> None:
    """The next process finishes what the last one began."""
    stage = Stage()
    stage.cluster.faults.append(Fault(at_write(write), mode=Mode.AFTER))
    stage.create(chains.member("webank"), fiscoBcos={"cryptography": "SM"})
    assert await stage.settle_with_restarts() == 1
    assert stage.status()["height"] == 1
    check(stage)


async def _slow_resync(stage: Stage) -> None:
    stage.clock.advance(minutes=31)
    await stage.settle()


def _restored(obj: JsonObject) -> JsonObject:
    """As a backup brings it back: without what the server had given it."""
    metadata = {k: obj["metadata"][k] for k in ("name", "namespace", "labels", "annotations")}
    return obj | {"metadata": metadata}
