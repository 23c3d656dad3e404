"""Authorities, the certificates they sign, and the trust directory: as OpenSSL sees them."""

import ssl
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from consortium_operator.chain.register import AuthorityRegister
from consortium_operator.engines.fisco_bcos import authorities, certificates, identity
from consortium_operator.engines.protocol import InvalidMaterial, Subject
from tests.unit.engines.fisco_bcos.handshake import Party, shake_hands
from tests.unit.engines.fisco_bcos.material import (
    NOW,
    OPENSSL_VERIFY,
    authority,
    client_key,
    rsa_of,
    secp256k1,
    subject,
    tls_key,
    tls_public_key,
    validity,
    write,
)

MEMBERS = ("boc", "huawei", "tencent", "webank")


def node_certificate(member: str = "webank", name: str = "shenzhen-0") -> str:
    return certificates.node_certificate(
        authority(member), subject(name, member=member), tls_public_key(), validity()
    )


def client_certificate(member: str = "webank") -> str:
    return certificates.client_certificate(
        authority(member, "client-ca"), subject("client", member=member), client_key(), validity()
    )


def registers(members: tuple[str, ...] = MEMBERS) -> list[AuthorityRegister]:
    return [authorities.authority_register(authority(member)) for member in members]


# --- what OpenSSL makes of them ----------------------------------------------------------------


@pytest.mark.parametrize("organisations", [1, 4, 64])
def test_openssl_verifies_every_node_strictly_against_the_trust_directory(
    organisations: int, tmp_path: Path
) -> None:
    members = [f"member-{number}" for number in range(organisations)]
    trusted = certificates.trust(registers(tuple(members)))
    trust = write(tmp_path / "trust", trusted)
    nodes = {f"{member}.crt": node_certificate(member) for member in members}
    write(tmp_path / "nodes", nodes)
    for purpose in ("sslserver", "sslclient"):
        verified = subprocess.run(
            [*OPENSSL_VERIFY, "-x509_strict", "-purpose", purpose, "-CApath", trust]
            + [tmp_path / "nodes" / name for name in nodes],
            capture_output=True,
            text=True,
            check=False,
        )
        assert verified.returncode == 0, verified.stderr
        assert verified.stdout.count(": OK") == organisations


def test_openssl_refuses_a_node_whose_authority_is_not_in_the_trust_directory(
    tmp_path: Path,
) -> None:
    trust = write(tmp_path / "trust", certificates.trust(registers(MEMBERS[:3])))
    write(tmp_path, {"node.crt": node_certificate("webank")})
    verified = subprocess.run(
        [*OPENSSL_VERIFY, "-CApath", trust, tmp_path / "node.crt"],
        capture_output=True,
        check=False,
    )
    assert verified.returncode != 0


@pytest.mark.parametrize("server", MEMBERS)
def test_nodes_of_all_members_shake_hands_through_the_trust_directory(
    server: str, tmp_path: Path
) -> None:
    trust = write(tmp_path / "trust", certificates.trust(registers()))
    for client in MEMBERS:
        shake_hands(
            Party(node_certificate(client), tls_key(), ca_directory=trust),
            Party(node_certificate(server), tls_key(), ca_directory=trust),
            tmp_path,
        )


def rpc_of(member: str) -> Party:
    """A node's RPC end: it trusts its own member's client CA and nothing else."""
    client_ca = authorities.authority_register(authority(member, "client-ca"))
    return Party(node_certificate(member), tls_key(), ca_file=client_ca.certificate)


def client_of(member: str, server: str) -> Party:
    """A client, which trusts the server's node CA, so that only the server can refuse."""
    node_ca = authorities.authority_register(authority(server))
    return Party(client_certificate(member), client_key(), ca_file=node_ca.certificate)


def test_a_client_certificate_opens_its_own_members_rpc(tmp_path: Path) -> None:
    for member in MEMBERS:
        shake_hands(client_of(member, member), rpc_of(member), tmp_path)


def test_a_client_certificate_opens_no_other_members_rpc(tmp_path: Path) -> None:
    for other in MEMBERS[:3]:
        with pytest.raises(ssl.SSLError, match="certificate verify failed"):
            shake_hands(client_of("webank", other), rpc_of(other), tmp_path)


def test_a_node_certificate_opens_no_rpc_at_all(tmp_path: Path) -> None:
    node = Party(node_certificate(), tls_key(), ca_file=client_of("webank", "webank").ca_file)
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        shake_hands(node, rpc_of("webank"), tmp_path)


def test_a_client_certificate_is_no_peers(tmp_path: Path) -> None:
    trust = write(tmp_path / "trust", certificates.trust(registers()))
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        shake_hands(
            Party(client_certificate(), client_key(), ca_directory=trust),
            Party(node_certificate("boc"), tls_key(), ca_directory=trust),
            tmp_path,
        )


# --- what they say ------------------------------------------------------------------------------


def test_an_authority_has_the_shape_of_a_tls_secret_and_an_ecdsa_key() -> None:
    files = authority()
    assert sorted(files) == ["tls.crt", "tls.key"]
    key = serialization.load_pem_private_key(files["tls.key"], None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert files["tls.key"].startswith(b"-----BEGIN PRIVATE KEY-----\n")


EXTENSIONS = "basicConstraints,keyUsage,extendedKeyUsage"


def described(pem: str, extensions: str) -> list[str]:
    """Extensions as openssl prints them."""
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-ext", extensions],
        input=pem.encode(),
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [line.strip() for line in shown.splitlines()]


def test_an_authority_may_sign_leafs_and_nothing_else() -> None:
    assert described(authority()["tls.crt"].decode(), EXTENSIONS) == [
        "X509v3 Basic Constraints: critical",
        "CA:TRUE, pathlen:0",
        "X509v3 Key Usage: critical",
        "Certificate Sign, CRL Sign",
    ]


def test_a_node_is_server_and_client_to_its_peers_and_no_authority() -> None:
    assert described(node_certificate(), EXTENSIONS) == [
        "X509v3 Basic Constraints: critical",
        "CA:FALSE",
        "X509v3 Key Usage: critical",
        "Digital Signature, Key Encipherment",
        "X509v3 Extended Key Usage:",
        "TLS Web Server Authentication, TLS Web Client Authentication",
    ]


def test_a_client_is_a_client_only() -> None:
    assert described(client_certificate(), "extendedKeyUsage")[1:] == [
        "TLS Web Client Authentication"
    ]


@pytest.mark.parametrize("make", [node_certificate, client_certificate])
def test_a_leaf_names_the_key_of_its_authority(make: Callable[[], str]) -> None:
    kind = "node-ca" if make is node_certificate else "client-ca"
    issuer = authority(kind=kind)["tls.crt"].decode()
    theirs = described(issuer, "subjectKeyIdentifier")[1]
    assert described(make(), "authorityKeyIdentifier")[1] == theirs
    assert described(make(), "subjectKeyIdentifier")[1] != theirs
    assert described(issuer, "authorityKeyIdentifier")[1] == theirs


def test_a_certificate_takes_time_and_serial_from_the_caller() -> None:
    wanted = validity(days=7, since_days=2, serial=(1 << 159) - 1)
    pem = certificates.node_certificate(authority(), subject("a-0"), tls_public_key(), wanted)
    leaf = x509.load_pem_x509_certificate(pem.encode())
    assert leaf.not_valid_before_utc == wanted.not_before
    assert leaf.not_valid_after_utc == wanted.not_after
    assert leaf.serial_number == wanted.serial


def test_a_certificate_never_outlives_its_authority() -> None:
    pem = certificates.node_certificate(
        authority(), subject("a-0"), tls_public_key(), validity(days=9999)
    )
    assert x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc == NOW + timedelta(300)


def test_an_authority_that_has_ended_signs_nothing() -> None:
    old = certificates.new_authority(subject(), validity(days=-3, since_days=9))
    with pytest.raises(InvalidMaterial, match="the authority ends on"):
        certificates.node_certificate(old, subject("a-0"), tls_public_key(), validity())


# --- the register and the facts ------------------------------------------------------------------


def test_facts_tell_lifetime_key_and_issuer() -> None:
    node = identity.node_register(identity.new_node_key(), tls_key())
    wanted = validity()
    pem = certificates.node_certificate(authority(), subject("a-0"), node.tls_public_key, wanted)
    register = authorities.authority_register(authority())
    facts = certificates.certificate_facts(pem, register)
    assert (facts.not_before, facts.not_after) == (wanted.not_before, wanted.not_after)
    assert facts.key_fingerprint == node.tls_fingerprint
    assert facts.issuer_fingerprint == register.fingerprint


def test_a_client_certificate_is_for_the_clients_key() -> None:
    register = authorities.authority_register(authority(kind="client-ca"))
    facts = certificates.certificate_facts(client_certificate(), register)
    assert facts.key_fingerprint == identity.client_fingerprint(client_key())


@pytest.mark.parametrize("which", ["another member's", "the same member's next"])
def test_facts_are_refused_for_a_certificate_that_another_authority_signed(which: str) -> None:
    other = authority("boc") if which == "another member's" else authority(generation=2)
    with pytest.raises(InvalidMaterial, match="not signed by this authority"):
        certificates.certificate_facts(node_certificate(), authorities.authority_register(other))


def test_an_authority_of_the_same_subject_and_another_key_did_not_sign_it() -> None:
    impostor = certificates.new_authority(subject(), validity())
    with pytest.raises(InvalidMaterial, match="not signed by this authority"):
        certificates.certificate_facts(node_certificate(), authorities.authority_register(impostor))


@pytest.mark.parametrize("text", ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_facts_of_an_unreadable_certificate_are_refused(text: str) -> None:
    with pytest.raises(InvalidMaterial, match="the certificate"):
        certificates.certificate_facts(text, authorities.authority_register(authority()))


# --- the trust directory -------------------------------------------------------------------------


def entry(subject_hash: str, certificate: str) -> AuthorityRegister:
    return AuthorityRegister(certificate, subject_hash, "")


def test_authorities_whose_hashes_collide_are_numbered_without_a_gap() -> None:
    given = [entry("aa", "Z"), entry("bb", "B"), entry("aa", "A"), entry("aa", "M")]
    assert certificates.trust(given) == {"aa.0": "A", "aa.1": "M", "aa.2": "Z", "bb.0": "B"}


def test_the_trust_directory_depends_on_no_order_and_no_repetition() -> None:
    given = registers()
    assert certificates.trust(given) == certificates.trust([*reversed(given), given[0]])
    assert list(certificates.trust(given)) == sorted(certificates.trust(given))


def test_a_leaf_with_its_authoritys_subject_is_refused() -> None:
    """OpenSSL would take it for self-signed."""
    same = Subject(chain="trade", member="webank", name="trade webank node-ca 1", generation=1)
    with pytest.raises(InvalidMaterial, match="its authority's subject"):
        certificates.node_certificate(authority(), same, tls_public_key(), validity())


def public_pem(key: bytes) -> str:
    loaded = serialization.load_pem_private_key(key, None)
    return (
        loaded.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.mark.parametrize(
    "public_key", [public_pem(rsa_of(3072)), public_pem(secp256k1(1)), "garbage"]
)
def test_a_node_certificate_for_another_key_than_rsa_2048_is_refused(public_key: str) -> None:
    with pytest.raises(InvalidMaterial, match="the TLS public key"):
        certificates.node_certificate(authority(), subject("a-0"), public_key, validity())


def test_non_ascii_names_are_certified(tmp_path: Path) -> None:
    named = subject("深圳-0", chain="贸易链", member="微众银行")
    ca = certificates.new_authority(named, validity())
    register = authorities.authority_register(ca)
    write(tmp_path / "trust", certificates.trust([register]))
    leaf = certificates.node_certificate(ca, subject("微-0"), tls_public_key(), validity())
    write(tmp_path, {"node.crt": leaf})
    subprocess.run(
        [*OPENSSL_VERIFY, "-x509_strict", "-CApath", tmp_path / "trust", tmp_path / "node.crt"],
        check=True,
        capture_output=True,
    )
