"""Authorities, the certificates they sign, and the trust directory: what they say."""

import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.fisco_bcos import authorities, certificates
from consortium_operator.engines.fisco_bcos.certificate_keys import key_of
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite, Leaf
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.engines.protocol import InvalidMaterial, Subject
from tests.unit.engines.fisco_bcos.both_suites import every_leaf, in_both_suites
from tests.unit.engines.fisco_bcos.material import (
    NOW,
    authority,
    certify,
    client_certificate,
    node_certificates,
    node_register,
    registered,
    rsa_of,
    secp256k1,
    subject,
    validity,
)

MEMBERS = ("boc", "huawei", "tencent", "webank")
NODE, CLIENT = AuthorityKind.NODE, AuthorityKind.CLIENT


@in_both_suites
@pytest.mark.parametrize("kind", AuthorityKind)
def test_an_authority_has_the_shape_of_a_tls_secret(
    suite: CryptoSuite, kind: AuthorityKind
) -> None:
    files = authority(kind=kind.value, suite=suite)
    assert sorted(files) == ["tls.crt", "tls.key"]
    assert files["tls.key"].startswith(b"-----BEGIN PRIVATE KEY-----\n")


@pytest.mark.parametrize(
    ("suite", "kind"),
    [(STANDARD, NODE), (STANDARD, CLIENT), (SM, CLIENT)],
    ids=["node CA, Standard", "client CA, Standard", "client CA, SM"],
)
def test_an_authority_has_an_ecdsa_key(suite: CryptoSuite, kind: AuthorityKind) -> None:
    key = serialization.load_pem_private_key(
        authority(kind=kind.value, suite=suite)["tls.key"], None
    )
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)


def test_the_node_authority_of_an_sm_chain_has_an_sm2_key() -> None:
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-text"],
        input=authority(suite=SM)["tls.crt"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert "Signature Algorithm: SM2-with-SM3" in shown
    assert "ASN1 OID: SM2" in shown


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


@in_both_suites
@pytest.mark.parametrize("kind", AuthorityKind)
def test_an_authority_may_sign_leafs_and_nothing_else(
    suite: CryptoSuite, kind: AuthorityKind
) -> None:
    pem = authority(kind=kind.value, suite=suite)["tls.crt"].decode()
    assert described(pem, EXTENSIONS) == [
        "X509v3 Basic Constraints: critical",
        "CA:TRUE, pathlen:0",
        "X509v3 Key Usage: critical",
        "Certificate Sign, CRL Sign",
    ]


USAGES = {
    "ssl.crt": [
        "Digital Signature, Key Encipherment",
        "TLS Web Server Authentication, TLS Web Client Authentication",
    ],
    "sm_ssl.crt": ["Digital Signature, Non Repudiation"],
    "sm_enssl.crt": ["Key Encipherment, Data Encipherment, Key Agreement"],
}


@every_leaf
def test_a_nodes_certificate_is_no_authority_and_for_its_use_only(
    suite: CryptoSuite, leaf: Leaf
) -> None:
    """The two of TLCP as build_chain.sh makes them (the node reference, section 1.4)."""
    wanted = USAGES[leaf.certificate]
    if leaf.issuer is CLIENT:
        wanted = [wanted[0], "TLS Web Server Authentication"]
    lines = described(node_certificates(suite)[leaf.certificate], EXTENSIONS)
    assert lines[:2] == ["X509v3 Basic Constraints: critical", "CA:FALSE"]
    assert lines[2] == "X509v3 Key Usage: critical"
    assert [lines[3], *lines[5:]] == wanted


@in_both_suites
def test_a_client_is_a_client_only(suite: CryptoSuite) -> None:
    pem = client_certificate(suite=suite)
    assert described(pem, "extendedKeyUsage")[1:] == ["TLS Web Client Authentication"]


@every_leaf
def test_a_nodes_certificate_names_the_key_of_its_authority(suite: CryptoSuite, leaf: Leaf) -> None:
    names_its_authority(
        node_certificates(suite)[leaf.certificate],
        authority(kind=leaf.issuer.value, suite=suite)["tls.crt"].decode(),
    )


@in_both_suites
def test_a_clients_certificate_names_the_key_of_its_authority(suite: CryptoSuite) -> None:
    issuer = authority(kind="client-ca", suite=suite)["tls.crt"].decode()
    names_its_authority(client_certificate(suite=suite), issuer)


def names_its_authority(leaf: str, issuer: str) -> None:
    theirs = described(issuer, "subjectKeyIdentifier")[1]
    assert described(leaf, "authorityKeyIdentifier")[1] == theirs
    assert described(leaf, "subjectKeyIdentifier")[1] != theirs
    assert described(issuer, "authorityKeyIdentifier")[1] == theirs


@every_leaf
def test_a_certificate_takes_its_time_from_the_caller(suite: CryptoSuite, leaf: Leaf) -> None:
    wanted = validity(days=7, since_days=2)
    found = x509.load_pem_x509_certificate(
        node_certificates(suite, of=wanted)[leaf.certificate].encode()
    )
    assert found.not_valid_before_utc == wanted.not_before
    assert found.not_valid_after_utc == wanted.not_after


@in_both_suites
@pytest.mark.parametrize("serial", [1, 2, (1 << 159) - 1])
def test_no_two_certificates_of_a_node_share_a_serial_number(
    suite: CryptoSuite, serial: int
) -> None:
    """The first has the caller's; all fit into the 20 octets that RFC 5280 allows."""
    found = [
        x509.load_pem_x509_certificate(pem.encode()).serial_number
        for pem in node_certificates(suite, of=validity(serial=serial)).values()
    ]
    assert found[0] == serial
    assert len(set(found)) == len(suite.leaves)
    assert all(0 < number < 1 << 159 for number in found)


@every_leaf
def test_a_certificate_never_outlives_its_authority(suite: CryptoSuite, leaf: Leaf) -> None:
    pem = node_certificates(suite, of=validity(days=9999))[leaf.certificate]
    assert x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc == NOW + timedelta(300)


@every_leaf
def test_an_authority_that_has_ended_signs_nothing(suite: CryptoSuite, leaf: Leaf) -> None:
    old = certificates.new_authority(
        suite.authorities[leaf.issuer], subject(), validity(days=-3, since_days=9)
    )
    files = {kind: authority(kind=kind.value, suite=suite) for kind in AuthorityKind}
    with pytest.raises(InvalidMaterial, match="the authority ends on"):
        certificates.node_certificates(
            suite, files | {leaf.issuer: old}, subject("a-0"), node_register(suite), validity()
        )


@pytest.mark.parametrize("year", [2026, 2049, 2050, 2051, 2126])
def test_an_sm_certificate_of_any_year_is_read_back(year: int) -> None:
    """From 2050 on a date is written with four digits."""
    until = NOW.replace(year=year, month=2, day=3)
    lasting = validity(days=(until - NOW).days)
    made = certificates.new_authority(SM.authorities[NODE], subject(), lasting)
    read = x509.load_pem_x509_certificate(made["tls.crt"])
    assert read.not_valid_after_utc == lasting.not_after
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-enddate"],
        input=made["tls.crt"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert f"{lasting.not_after:%b %e %H:%M:%S %Y} GMT" in shown


# --- authorities of the wrong kind ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("suite", "kind", "of", "why"),
    [
        (STANDARD, NODE, SM, "neither RSA nor ECDSA|no readable"),
        (SM, CLIENT, SM, "neither RSA nor ECDSA|no readable"),
        (SM, NODE, STANDARD, "no key on the curve SM2"),
    ],
    ids=["SM2 in a Standard chain", "SM2 for clients", "ECDSA for SM nodes"],
)
def test_an_authority_with_keys_of_another_kind_is_refused(
    suite: CryptoSuite, kind: AuthorityKind, of: CryptoSuite, why: str
) -> None:
    with pytest.raises(InvalidMaterial, match=why):
        authorities.authority_register(authority(suite=of), suite.authorities[kind])


def test_an_authority_whose_key_is_another_is_refused() -> None:
    mixed = PrivateFiles({**authority(suite=SM), "tls.key": authority("boc", suite=SM)["tls.key"]})
    with pytest.raises(InvalidMaterial, match="not for the key"):
        authorities.authority_register(mixed, SM.authorities[NODE])


# --- the trust directory -------------------------------------------------------------------------


def entry(subject_hash: str, certificate: str) -> AuthorityRegister:
    return AuthorityRegister(certificate, subject_hash, "")


def test_authorities_whose_hashes_collide_are_numbered_without_a_gap() -> None:
    given = [entry("aa", "Z"), entry("bb", "B"), entry("aa", "A"), entry("aa", "M")]
    assert certificates.trust(given) == {"aa.0": "A", "aa.1": "M", "aa.2": "Z", "bb.0": "B"}


@in_both_suites
def test_the_trust_directory_depends_on_no_order_and_no_repetition(suite: CryptoSuite) -> None:
    given = [registered(member, suite=suite) for member in MEMBERS]
    assert certificates.trust(given) == certificates.trust([*reversed(given), given[0]])
    assert list(certificates.trust(given)) == sorted(certificates.trust(given))


@in_both_suites
def test_a_leaf_with_its_authoritys_subject_is_refused(suite: CryptoSuite) -> None:
    """OpenSSL would take it for self-signed."""
    same = Subject(chain="trade", member="webank", name="trade webank node-ca 1", generation=1)
    files = {kind: authority(kind=kind.value, suite=suite) for kind in AuthorityKind}
    with pytest.raises(InvalidMaterial, match="its authority's subject"):
        certificates.node_certificates(suite, files, same, node_register(suite), validity())


def public_pem(key: bytes) -> str:
    loaded = serialization.load_pem_private_key(key, None)
    return (
        loaded.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.mark.parametrize(
    "public_key",
    [
        public_pem(rsa_of(3072)),
        public_pem(secp256k1(1)),
        node_register(SM).sign_public_key,
        "garbage",
    ],
)
def test_a_node_certificate_for_another_key_than_rsa_2048_is_refused(public_key: str) -> None:
    with pytest.raises(InvalidMaterial, match="tls_public_key"):
        certify(authority(), subject("a-0"), validity(), public_key)


@pytest.mark.parametrize(
    "public_key", [public_pem(rsa_of(2048)), public_pem(secp256k1(1)), "garbage", ""]
)
def test_a_peers_certificate_of_an_sm_node_for_another_key_than_sm2_is_refused(
    public_key: str,
) -> None:
    for field in ("sign_public_key", "encrypt_public_key"):
        other = replace(node_register(SM), **{field: public_key})
        with pytest.raises(InvalidMaterial, match=field):
            node_certificates(SM, register=other)


@in_both_suites
def test_a_certificates_key_is_the_recorded_one(suite: CryptoSuite) -> None:
    for leaf in suite.leaves:
        found = x509.load_pem_x509_certificate(node_certificates(suite)[leaf.certificate].encode())
        recorded = getattr(node_register(suite), leaf.recorded)
        assert key_of(found) == leaf.kind.load_public(recorded, "the key")
