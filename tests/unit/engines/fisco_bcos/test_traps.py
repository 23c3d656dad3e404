"""The traps of the node reference, section 10, 1 to 22: one test each, which shows that we cannot
fall into it. The others are in test_traps_of_operation.py.

Named by what it prevents; the trap's number is in the docstring. A trap of another layer is tested
through that layer's pure functions.
"""

import itertools
import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from consortium_operator.chain.files import Source
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.fisco_bcos import certificates, identity, ini
from consortium_operator.engines.fisco_bcos.config_keys import CONFIG_KEYS
from consortium_operator.engines.fisco_bcos.genesis_keys import GENESIS_KEYS
from consortium_operator.engines.fisco_bcos.key_table import Integer
from consortium_operator.engines.fisco_bcos.node.answers import Receipt
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.engines.fisco_bcos.transaction import (
    InvalidTransaction,
    Transaction,
    sign,
)
from consortium_operator.engines.fisco_bcos.versions import VERSIONS
from consortium_operator.engines.protocol import InvalidMaterial
from consortium_operator.manifests.network import network_policies
from consortium_operator.manifests.service import node_service
from tests import chains
from tests.unit.engines.fisco_bcos import material, rendered
from tests.unit.engines.fisco_bcos.traps import (
    dialled,
    pod_of,
    refused,
    refused_settings,
    rendered_values,
    secrets_of,
    suites,
)

# --- Rejected by a real node ----------------------------------------------------------------------


@pytest.mark.parametrize("id_", ["a-b", "a_b", "a.b", "", "链", "a b"])
def test_no_id_that_is_not_letters_and_digits(id_: str) -> None:
    """Trap 1."""
    assert refused(chainId=id_) == {"spec.chainId"}
    assert refused_settings(groupId=id_) == {"groupId"}


@pytest.mark.parametrize("auth_check", [True, False])
def test_no_genesis_without_an_admin_account(auth_check: bool) -> None:
    """Trap 2."""
    plan = rendered.plan(executor={"authCheck": auth_check})
    with pytest.raises(InvalidMaterial, match="first governor"):
        rendered.ENGINE.seal(plan, rendered.node_ids(plan), "")
    assert rendered.genesis_of(plan)["executor"]["auth_admin_account"] == rendered.ADMIN


@pytest.mark.parametrize("tag", VERSIONS)
def test_no_compatibility_version_above_the_nodes_own(tag: str) -> None:
    """Trap 3."""
    for wrong in ("3.99.0", "4.0.0", f"v{tag}", tag.rpartition(".")[0]):
        genesis = {"compatibilityVersion": wrong}
        assert refused(version=tag, fiscoBcos={"genesis": genesis}) == {
            "spec.fiscoBcos.genesis.compatibilityVersion"
        }
    assert refused(version=f"v{tag}") == {"spec.version"}


def test_no_port_that_a_node_refuses() -> None:
    """Trap 4."""
    for port in (443, 1024, 65536, 30300):
        assert refused_settings(rpc={"port": port}) == {"rpc.port"}
        assert refused_settings(web3Rpc={"enabled": True, "port": port}) == {"web3Rpc.port"}
    plan = rendered.plan()
    ports = [int(e.rpartition(":")[2]) for e in dialled(plan, plan.nodes[0])]
    assert all(1024 < port <= 65535 for port in ports)


def test_no_peer_by_a_name_that_does_not_resolve() -> None:
    """Trap 5: every name is that of a Service of the same plan, which is made before any pod and
    is there before its pod is ready."""
    plan = rendered.plan()
    process = rendered.ENGINE.process(plan)
    services = [node_service(plan, node, process) for node in plan.nodes]
    names = {
        f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc:30300"
        for service in services
    }
    assert all(service["spec"]["publishNotReadyAddresses"] for service in services)
    for node in plan.nodes:
        assert set(dialled(plan, node)) < names


def test_no_volume_that_is_too_small_to_start_on() -> None:
    """Trap 6."""
    for size in ("1Gi", "500M", "2000Mi"):
        found = refused(nodeDefaults={"storage": {"size": size}})
        assert found == {"spec.nodeDefaults.storage.size"}


def test_no_log_file_size_that_stops_a_node() -> None:
    """Trap 7."""
    for size in ("99", "0", "-1"):
        found = refused_settings(config={"log": {"max_log_file_size": size}})
        assert found == {"config.log.max_log_file_size"}
    assert int(rendered.config_of(rendered.plan())["log"]["max_log_file_size"]) >= 100


def test_no_second_key_or_section_and_no_value_of_two_lines() -> None:
    """Trap 8."""
    for value in ("1\n[p2p]", "1\nlimit=2", "1\r[p2p]"):
        assert refused_settings(config={"txpool": {"limit": value}}) >= {"config"}
        with pytest.raises(ini.RenderingDiffers):
            ini.write("config.ini.j2", {"txpool": {"limit": value}})
    for doubled in ({"a": {"b": "1", " b": "2"}}, {"a": {"b": "1"}, "a ": {"c": "1"}}):
        with pytest.raises(ini.RenderingDiffers):
            ini.write("config.ini.j2", doubled)


def test_no_webassembly_with_auth_or_in_parallel() -> None:
    """Trap 9."""
    assert refused_settings(executor={"wasm": True}) == {"executor.wasm"}
    parallel = {"wasm": True, "authCheck": False, "serial": False}
    assert refused_settings(executor=parallel) == {"executor.wasm"}


def test_no_field_of_block_0_changes_after_the_founding() -> None:
    """Trap 10: a newer version, another list of sealers or the admin in another case give the
    sealed file, byte for byte."""
    founding = rendered.plan(version="3.15.2")
    sealed = rendered.seal(founding)
    account = {"executor": {"authAdminAccount": rendered.ADMIN.lower()}}
    for later in (
        rendered.plan(version="3.16.4"),
        rendered.plan(chains.member("webank", chains.node("a", weight=9)), version="3.15.2"),
        rendered.plan(version="3.15.2", **account),
    ):
        files = rendered.ENGINE.node_files(later, sealed, rendered.material(later.nodes[0]))
        assert next(f.content for f in files if f.source is Source.GENESIS) == sealed.text
    higher = rendered.plan(genesis={"compatibilityVersion": "3.16.4"})
    (problem,) = rendered.ENGINE.check_seal(higher, sealed)
    assert problem.path == "spec.fiscoBcos.genesis.compatibilityVersion"


# --- Accepted but wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("tag", VERSIONS)
def test_no_boolean_that_a_node_reads_as_its_default(tag: str) -> None:
    """Trap 11."""
    plan = rendered.plan(version=tag, executor={"authCheck": False})
    for section, key, value in rendered_values(plan):
        assert value.lower() not in ("true", "false") or value.islower(), (section, key)
        assert value not in ("yes", "no", "on", "off", "Yes", "No"), (section, key)
    for value in ("True", "yes", "1"):
        assert refused_settings(config={"rpc": {"return_input_params": value}})


def test_no_number_with_a_comment_or_in_quotes() -> None:
    """Trap 12."""
    for value in ("15000 ; more", '"15000"', "15000 #"):
        assert refused_settings(config={"txpool": {"limit": value}}) == {"config.txpool.limit"}
    for section, key, value in rendered_values(rendered.plan()):
        table = GENESIS_KEYS if GENESIS_KEYS.key(section, key) else CONFIG_KEYS
        known = table.key(section, key)
        assert known is not None
        if isinstance(known.kind, Integer) and value:
            assert str(int(value)) == value, (section, key)


@pytest.mark.parametrize("tag", VERSIONS)
@pytest.mark.parametrize("tls", [True, False])
def test_no_version_reads_another_switch_of_rpc_tls_than_the_one_that_is_meant(
    tag: str, tls: bool
) -> None:
    """Trap 13."""
    plan = rendered.plan(version=tag, rpc={"tls": tls})
    found = rendered.config_of(plan)["rpc"]
    assert found["disable_ssl"] == ("false" if tls else "true")
    assert found.get("enable_ssl", "true" if tls else "false") == ("true" if tls else "false")
    assert ("enable_ssl" in found) == (VERSIONS[tag].version >= (3, 12, 0))


@suites
def test_no_node_key_on_a_wrong_curve(suite: CryptoSuite) -> None:
    """Trap 14: a node would take its number for a key of its own curve, with another node id."""
    for curve in (ec.SECP256R1(), ec.SECP384R1()):
        key = PrivateFiles({"node.pem": material.pkcs8(ec.generate_private_key(curve))})
        with pytest.raises(InvalidMaterial, match=r"node\.pem"):
            identity.node_id(suite, key)
    other = SM if suite is STANDARD else STANDARD
    with pytest.raises(InvalidMaterial, match=r"node\.pem"):
        identity.node_id(suite, identity.new_node_key(other))


def test_no_node_id_twice_and_none_of_a_wrong_length() -> None:
    """Trap 15."""
    plan = rendered.plan()
    ids = rendered.node_ids(plan)
    for wrong in ("ab" * 63, "ab" * 65, "0x" + "ab" * 63, "AB" * 64, ids["huawei/node-0"]):
        with pytest.raises(InvalidMaterial):
            rendered.ENGINE.seal(plan, ids | {"webank/node-0": wrong}, rendered.ADMIN)


@suites
def test_no_list_of_ids_that_a_node_ignores(suite: CryptoSuite) -> None:
    """Trap 16: the lists name TLS ids, the genesis node ids, and neither takes the other."""
    register = material.node_register(suite)
    assert len(register.node_id) == 128
    assert len(register.tls_id) == (512 if suite is STANDARD else 128)
    assert register.tls_id != register.node_id
    plan = rendered.plan()
    with pytest.raises(InvalidMaterial):
        rendered.ENGINE.seal(plan, rendered.node_ids(plan) | {"webank/node-0": "a" * 512}, "")
    assert refused_settings(peers={"mode": "Listed", "allow": ["a" * 128]}) == {"peers.allow[0]"}


@suites
def test_no_certificate_that_escapes_the_lists(suite: CryptoSuite) -> None:
    """Trap 17: basicConstraints on every leaf, RSA of exactly 2048 bits."""
    for pem in material.node_certificates(suite).values():
        leaf = x509.load_pem_x509_certificate(pem.encode())
        basic = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert not basic.ca
        if leaf.public_key_algorithm_oid.dotted_string == "1.2.840.113549.1.1.1":
            key = leaf.public_key()
            assert isinstance(key, rsa.RSAPublicKey)
            assert key.key_size == 2048
    for bits in (1024, 3072):
        key_file = PrivateFiles({"ssl.key": material.rsa_of(bits)})
        with pytest.raises(InvalidMaterial):
            STANDARD.leaves[0].kind.public(key_file, "ssl.key")


def test_no_two_nodes_with_one_key_or_certificate() -> None:
    """Trap 18."""
    plan = rendered.plan(chains.member("webank", chains.node("shenzhen", count=3)))
    used = [secrets_of(pod_of(plan, node)) for node in plan.nodes]
    assert all(len(names) == 2 for names in used)
    for one, other in itertools.combinations(used, 2):
        assert one.isdisjoint(other)
    twice = [{"name": "a", "count": 2, "identity": {"secretName": "key"}}]
    assert refused(members=[{"name": "webank", "nodes": twice}]) >= {
        "spec.members[0].nodes[0].count"
    }
    keys = {identity.node_id(STANDARD, identity.new_node_key(STANDARD)) for _ in range(20)}
    assert len(keys) == 20


@suites
def test_no_members_client_opens_another_members_rpc(suite: CryptoSuite) -> None:
    """Trap 19: RPC trusts ca.crt alone, and that is the member's own client CA; the trust
    directory, which P2P reads, holds node CAs only."""
    assert suite.trusted["ca.crt"] is AuthorityKind.CLIENT
    authorities = [material.registered(member, "node-ca", suite) for member in ("webank", "huawei")]
    clients = [material.registered(member, "client-ca", suite) for member in ("webank", "huawei")]
    trusted = "".join(certificates.trust(authorities).values())
    assert all(client.certificate not in trusted for client in clients)
    assert clients[0].fingerprint != authorities[0].fingerprint


def test_nobody_reaches_rpc_who_is_not_named() -> None:
    """Trap 20."""
    plan = rendered.plan()
    process = rendered.ENGINE.process(plan)
    for policy in network_policies(plan, process):
        (rule,) = policy["spec"]["ingress"]
        (peer,) = rule["from"]
        (port,) = rule["ports"]
        by_operator = "namespaceSelector" in peer
        assert by_operator == (port["port"] == process.rpc.number)
    opened = rendered.plan(web3Rpc={"enabled": True})
    assert network_policies(opened, rendered.ENGINE.process(opened)) == network_policies(
        plan, process
    )
    open_rpc = {"executor": {"authCheck": False}, "rpc": {"tls": False}}
    assert "executor.authCheck" in refused_settings(**open_rpc)


@suites
def test_no_transaction_to_an_address_with_0x(suite: CryptoSuite) -> None:
    """Trap 21: a node would execute it, but not as a system transaction."""
    account = identity.new_account(suite)
    to = "0000000000000000000000000000000000001003"
    sign(Transaction("chain0", "group0", 1, "1", to, b""), account, suite)
    for wrong in ("0x" + to, to.upper().replace("0", "A"), to[1:]):
        with pytest.raises(InvalidTransaction, match="without 0x"):
            sign(Transaction("chain0", "group0", 1, "1", wrong, b""), account, suite)


def test_no_status_of_a_receipt_is_believed() -> None:
    """Trap 22: it is 0 beside a negative code. It is not read without the output, and the chain is
    asked whether it has the block (test_node_probe.py)."""
    read = set(Receipt.model_fields)
    assert "block_number" in read
    assert "status" not in read or "output" in read


def test_each_trap_has_its_test() -> None:
    folder = Path(__file__).parent
    texts = [(folder / f"test_traps{rest}.py").read_text() for rest in ("", "_of_operation")]
    numbers = [int(number) for text in texts for number in re.findall(r'"""Trap (\d+)[.:]', text)]
    assert numbers == list(range(1, 36))
