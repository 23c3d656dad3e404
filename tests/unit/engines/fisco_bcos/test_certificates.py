"""Authorities, the certificates they sign, and the trust directory: as OpenSSL sees them."""

import ssl
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.fisco_bcos import authorities, certificates, identity
from consortium_operator.engines.fisco_bcos.certificate_keys import key_of
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite, Leaf
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.engines.protocol import InvalidMaterial, Subject
from tests.unit.engines.fisco_bcos.both_suites import in_both_suites
from tests.unit.engines.fisco_bcos.handshake import Party, shake_hands
from tests.unit.engines.fisco_bcos.material import (
    NOW,
    OPENSSL_VERIFY,
    authority,
    certify,
    client_certificate,
    client_key,
    node_certificates,
    node_register,
    registered,
    rsa_of,
    secp256k1,
    subject,
    tls_key,
    validity,
    write,
)

MEMBERS = ("boc", "huawei", "tencent", "webank")
NODE, CLIENT = AuthorityKind.NODE, AuthorityKind.CLIENT

every_leaf = pytest.mark.parametrize(
    ("suite", "leaf"),
    [(suite, leaf) for suite in (STANDARD, SM) for leaf in suite.leaves],
    ids=[
        f"{name} {leaf.certificate}"
        for name, suite in (("Standard", STANDARD), ("SM", SM))
        for leaf in suite.leaves
    ],
)
"""Gives a test a suite and one of the certificates that its nodes have."""


def trusted(suite: CryptoSuite, members: tuple[str, ...] = MEMBERS) -> dict[str, str]:
    return certificates.trust([registered(member, suite=suite) for member in members])


def peer_certificates(suite: CryptoSuite, member: str = "webank") -> dict[str, str]:
    """Those that peers verify against the trust directory."""
    found = node_certificates(suite, member)
    return {
        leaf.certificate: found[leaf.certificate] for leaf in suite.leaves if leaf.issuer is NODE
    }


def strictly(suite: CryptoSuite) -> list[str]:
    """Who verifies an SM2 signature must name the id that it was made with (fisco-bcos.md,
    section 8)."""
    distinguishing_id = ["-vfyopt", "distid:1234567812345678"] if suite is SM else []
    return [*OPENSSL_VERIFY, "-x509_strict", *distinguishing_id]


def verify(suite: CryptoSuite, trust: Path, leaf: Path) -> bool:
    done = subprocess.run(
        [*strictly(suite), "-CApath", trust, leaf], capture_output=True, check=False
    )
    return done.returncode == 0


# --- what OpenSSL makes of them ----------------------------------------------------------------


def test_openssl_verifies_every_node_strictly_against_the_trust_directory(tmp_path: Path) -> None:
    openssl_verifies_all(STANDARD, 4, tmp_path)


@pytest.mark.campaign
@in_both_suites
@pytest.mark.parametrize("organisations", range(1, 65))
def test_openssl_verifies_chains_of_1_to_64_organisations(
    suite: CryptoSuite, organisations: int, tmp_path: Path
) -> None:
    openssl_verifies_all(suite, organisations, tmp_path)


def openssl_verifies_all(suite: CryptoSuite, organisations: int, directory: Path) -> None:
    members = tuple(f"member-{number}" for number in range(organisations))
    trust = write(directory / "trust", trusted(suite, members))
    leafs = write(
        directory / "nodes",
        {
            f"{member}-{file}": pem
            for member in members
            for file, pem in peer_certificates(suite, member).items()
        },
    )
    for purpose in ("sslserver", "sslclient"):
        paths = sorted(leafs.iterdir())
        if purpose == "sslclient":
            # OpenSSL wants a client to sign; the peer's certificate for encryption never does.
            paths = [path for path in paths if "sm_enssl" not in path.name]
        verified = subprocess.run(
            [*strictly(suite), "-purpose", purpose, "-CApath", trust, *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        assert verified.returncode == 0, verified.stderr
        assert verified.stdout.count(": OK") == len(paths)


def test_openssl_verifies_every_sm_node_with_the_distinguishing_id(tmp_path: Path) -> None:
    openssl_verifies_all(SM, 4, tmp_path)


def test_an_sm_certificate_is_for_the_distinguishing_id_and_no_other(tmp_path: Path) -> None:
    """Without it TASSL refuses a certificate (fisco-bcos.md, section 8), so that a signature by
    another id must not pass here either."""
    trust = write(tmp_path / "trust", trusted(SM))
    write(tmp_path, node_certificates(SM))
    for option in ([], ["-vfyopt", "distid:8765432187654321"]):
        done = subprocess.run(
            [*OPENSSL_VERIFY, *option, "-CApath", trust, tmp_path / "sm_ssl.crt"],
            capture_output=True,
            check=False,
        )
        assert done.returncode != 0


@in_both_suites
def test_openssl_refuses_a_node_whose_authority_is_not_in_the_trust_directory(
    suite: CryptoSuite, tmp_path: Path
) -> None:
    trust = write(tmp_path / "trust", trusted(suite, MEMBERS[:3]))
    write(tmp_path, node_certificates(suite))
    first = suite.leaves[0].certificate
    assert not verify(suite, trust, tmp_path / first)
    assert verify(suite, write(tmp_path / "all", trusted(suite)), tmp_path / first)


@in_both_suites
@pytest.mark.parametrize("kind", AuthorityKind)
def test_the_subject_hash_is_that_of_openssl(
    suite: CryptoSuite, kind: AuthorityKind, tmp_path: Path
) -> None:
    register = registered(kind=kind.value, suite=suite)
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-subject_hash"],
        input=register.certificate,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert told.strip() == register.subject_hash


@pytest.mark.parametrize("server", MEMBERS)
def test_nodes_of_all_members_shake_hands_through_the_trust_directory(
    server: str, tmp_path: Path
) -> None:
    trust = write(tmp_path / "trust", trusted(STANDARD))
    for client in MEMBERS:
        shake_hands(
            Party(node_certificates(STANDARD, client)["ssl.crt"], tls_key(), ca_directory=trust),
            Party(node_certificates(STANDARD, server)["ssl.crt"], tls_key(), ca_directory=trust),
            tmp_path,
        )


# JSON-RPC speaks TLS in both suites.


def rpc_key(suite: CryptoSuite) -> PrivateFiles:
    return PrivateFiles({"ssl.key": tls_key(suite)["ssl.key"]})


def rpc_of(suite: CryptoSuite, member: str) -> Party:
    """A node's RPC end: it trusts its own member's client CA and nothing else."""
    client_ca = registered(member, "client-ca", suite)
    certificate = node_certificates(suite, member)["ssl.crt"]
    return Party(certificate, rpc_key(suite), ca_file=client_ca.certificate)


def client_of(suite: CryptoSuite, member: str, server: str) -> Party:
    """A client, which trusts the CA of the server's certificate, so that only the server can
    refuse."""
    server_ca = registered(server, suite.leaves[-1].issuer.value, suite)
    certificate = client_certificate(member, suite=suite)
    return Party(certificate, client_key(), ca_file=server_ca.certificate)


@in_both_suites
def test_a_client_certificate_opens_its_own_members_rpc(suite: CryptoSuite, tmp_path: Path) -> None:
    for member in MEMBERS:
        shake_hands(client_of(suite, member, member), rpc_of(suite, member), tmp_path)


@in_both_suites
def test_a_client_certificate_opens_no_other_members_rpc(
    suite: CryptoSuite, tmp_path: Path
) -> None:
    for other in MEMBERS[:3]:
        with pytest.raises(ssl.SSLError, match="certificate verify failed"):
            shake_hands(client_of(suite, "webank", other), rpc_of(suite, other), tmp_path)


@in_both_suites
def test_a_node_certificate_opens_no_rpc_at_all(suite: CryptoSuite, tmp_path: Path) -> None:
    """Not even of the same member: an SM node's is from the client CA, but for servers only."""
    node = Party(
        node_certificates(suite)["ssl.crt"],
        rpc_key(suite),
        ca_file=client_of(suite, "webank", "webank").ca_file,
    )
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        shake_hands(node, rpc_of(suite, "webank"), tmp_path)


def test_a_client_certificate_is_no_peers(tmp_path: Path) -> None:
    trust = write(tmp_path / "trust", trusted(STANDARD))
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        shake_hands(
            Party(client_certificate(), client_key(), ca_directory=trust),
            Party(node_certificates(STANDARD, "boc")["ssl.crt"], tls_key(), ca_directory=trust),
            tmp_path,
        )


# --- what they say ------------------------------------------------------------------------------


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
    """The two of TLCP as build_chain.sh makes them (fisco-bcos.md, section 1.4)."""
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


# --- the register and the facts ------------------------------------------------------------------


def registers(suite: CryptoSuite, member: str = "webank") -> dict[AuthorityKind, AuthorityRegister]:
    return {kind: registered(member, kind.value, suite) for kind in AuthorityKind}


@in_both_suites
def test_facts_tell_lifetime_key_and_issuer(suite: CryptoSuite) -> None:
    wanted, register = validity(), node_register(suite)
    facts = certificates.node_certificate_facts(
        suite, node_certificates(suite, of=wanted), register, registers(suite)
    )
    assert (facts.not_before, facts.not_after) == (wanted.not_before, wanted.not_after)
    assert facts.key_fingerprint == register.tls_fingerprint
    assert facts.issuer_fingerprint == registers(suite)[NODE].fingerprint


@every_leaf
def test_facts_are_refused_where_a_certificate_is_missing(suite: CryptoSuite, leaf: Leaf) -> None:
    rest = node_certificates(suite)
    del rest[leaf.certificate]
    with pytest.raises(InvalidMaterial, match=f"{leaf.certificate} is missing"):
        certificates.node_certificate_facts(suite, rest, node_register(suite), registers(suite))


@every_leaf
def test_facts_are_refused_where_a_certificate_is_for_another_key(
    suite: CryptoSuite, leaf: Leaf
) -> None:
    keys = identity.new_tls_key(suite)
    others = identity.node_register(suite, identity.new_node_key(suite), keys)
    mixed = node_certificates(suite) | {
        leaf.certificate: node_certificates(suite, register=others)[leaf.certificate]
    }
    with pytest.raises(InvalidMaterial, match=f"{leaf.certificate} is not for the key on record"):
        certificates.node_certificate_facts(suite, mixed, node_register(suite), registers(suite))


@every_leaf
def test_facts_hold_as_long_as_the_shortest_certificate(suite: CryptoSuite, leaf: Leaf) -> None:
    short = validity(days=3, since_days=0.5)
    mixed = node_certificates(suite) | {
        leaf.certificate: node_certificates(suite, of=short)[leaf.certificate]
    }
    facts = certificates.node_certificate_facts(
        suite, mixed, node_register(suite), registers(suite)
    )
    assert (facts.not_before, facts.not_after) == (short.not_before, short.not_after)


@in_both_suites
def test_a_client_certificate_is_for_the_clients_key(suite: CryptoSuite) -> None:
    facts = certificates.certificate_facts(
        client_certificate(suite=suite), registers(suite)[CLIENT]
    )
    assert facts.key_fingerprint == identity.client_fingerprint(client_key())


@every_leaf
@pytest.mark.parametrize("which", ["another member's", "the same member's next", "an impostor's"])
def test_facts_are_refused_for_a_certificate_that_another_authority_signed(
    suite: CryptoSuite, leaf: Leaf, which: str
) -> None:
    signing = suite.authorities[leaf.issuer]
    name = leaf.issuer.value
    other = {
        "another member's": authority("boc", name, suite=suite),
        "the same member's next": authority("webank", name, 2, suite),
        # The same subject and another key.
        "an impostor's": certificates.new_authority(signing, subject(name), validity()),
    }[which]
    pem = node_certificates(suite)[leaf.certificate]
    with pytest.raises(InvalidMaterial, match="not signed by this authority"):
        certificates.certificate_facts(pem, authorities.authority_register(other, signing))


def test_facts_are_refused_for_a_certificate_of_the_other_suite() -> None:
    one, other = node_certificates(STANDARD)["ssl.crt"], node_certificates(SM)["sm_ssl.crt"]
    for pem, suite in ((one, SM), (other, STANDARD)):
        with pytest.raises(InvalidMaterial, match="not signed by this authority"):
            certificates.certificate_facts(pem, registered(suite=suite))


@in_both_suites
@pytest.mark.parametrize("text", ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_facts_of_an_unreadable_certificate_are_refused(suite: CryptoSuite, text: str) -> None:
    with pytest.raises(InvalidMaterial, match="the certificate"):
        certificates.certificate_facts(text, registered(suite=suite))


@pytest.mark.parametrize("at", [-1, -40, 60, 250])
def test_a_flipped_bit_in_an_sm_certificate_is_noticed(at: int) -> None:
    leaf = x509.load_pem_x509_certificate(node_certificates(SM)["sm_ssl.crt"].encode())
    content = bytearray(leaf.public_bytes(serialization.Encoding.DER))
    content[at] ^= 1
    pem = ssl.DER_cert_to_PEM_cert(bytes(content))
    with pytest.raises(InvalidMaterial):
        certificates.certificate_facts(pem, registered(suite=SM))


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
def test_non_ascii_names_are_certified(suite: CryptoSuite, tmp_path: Path) -> None:
    named = subject("深圳-0", chain="贸易链", member="微众银行")
    files = {
        kind: certificates.new_authority(suite.authorities[kind], named, validity())
        for kind in AuthorityKind
    }
    register = authorities.authority_register(files[NODE], suite.authorities[NODE])
    trust = write(tmp_path / "trust", certificates.trust([register]))
    leafs = certificates.node_certificates(
        suite, files, subject("微-0"), node_register(suite), validity()
    )
    write(tmp_path, leafs)
    assert verify(suite, trust, tmp_path / suite.leaves[0].certificate)


@in_both_suites
def test_a_certificates_key_is_the_recorded_one(suite: CryptoSuite) -> None:
    for leaf in suite.leaves:
        found = x509.load_pem_x509_certificate(node_certificates(suite)[leaf.certificate].encode())
        recorded = getattr(node_register(suite), leaf.recorded)
        assert key_of(found) == leaf.kind.load_public(recorded, "the key")
