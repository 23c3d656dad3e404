"""Authorities that users bring: what is accepted, and what is refused with which words."""

import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.fisco_bcos import authorities, certificates
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD
from consortium_operator.engines.fisco_bcos.suites.x509_signer import X509SigningKey
from consortium_operator.engines.protocol import InvalidMaterial
from tests.brought import Brought, ecdsa, name_of, pkcs8
from tests.unit.engines.fisco_bcos.material import (
    NOW,
    OPENSSL_VERIFY,
    authority,
    certify,
    client_key,
    in_pem,
    rsa_of,
    secp256k1,
    subject,
    validity,
    write,
)

SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(rsa_of(bits), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


SIGNING_KEYS = X509SigningKey()
NODE, SDK = AuthorityKind.NODE, AuthorityKind.CLIENT


def register(brought: Brought, *above: Brought, root: Brought | None = None) -> AuthorityRegister:
    return authorities.authority_register(brought.files(*above, root=root), SIGNING_KEYS)


ROOT = Brought(ecdsa(1), "Root")
MIDDLE = Brought(ecdsa(2), "Middle", under=ROOT)
LOW = Brought(ecdsa(3), "Low", under=MIDDLE)
OLD_ROOT = Brought(rsa_key(), "Root of 2009", sha1=True)
ROOT_2 = Brought(ecdsa(8), "Root 2")

# As cert-manager writes them: without the root in tls.crt, with it as ca.crt.
ACCEPTED = {
    "RSA": Brought(rsa_key()).files(),
    "P-384": Brought(ec.generate_private_key(ec.SECP384R1())).files(),
    "with itself as ca.crt": Brought().files(root=Brought()),
    "without key usage": Brought(cert_sign=None).files(),
    "for servers and clients": Brought(usages=(SERVER, CLIENT)).files(),
    "an intermediate and ca.crt": MIDDLE.files(root=ROOT),
    "an intermediate and its root in tls.crt": MIDDLE.files(ROOT),
    "two intermediates": LOW.files(MIDDLE, root=ROOT),
    "two intermediates in disorder": LOW.files(ROOT, MIDDLE),
    "an RSA intermediate": Brought(rsa_key(), under=ROOT).files(root=ROOT),
    # Nobody looks at a root's own signature.
    "an old root": OLD_ROOT.files(),
    "an intermediate under an old root": replace(MIDDLE, under=OLD_ROOT).files(root=OLD_ROOT),
    "limited to names that no leaf has": Brought(
        names=x509.NameConstraints([x509.DNSName("bank.example")], None)
    ).files(),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_openssl_accepts_what_a_brought_authority_signs(case: str, tmp_path: Path) -> None:
    """With nothing trusted but the trust directory, and with what the node presents."""
    brought = ACCEPTED[case]
    register = authorities.authority_register(brought, SIGNING_KEYS)
    node = certify(brought, subject("a-0"), validity())
    client = certificates.client_certificate(
        STANDARD, brought, subject("sdk"), client_key(), validity()
    )
    verify(tmp_path, register, node, "sslserver", "sslclient")
    verify(tmp_path, register, client, "sslclient")


def verify(directory: Path, authority: AuthorityRegister, pem: str, *purposes: str) -> None:
    """By OpenSSL, which trusts the trust directory alone and is shown what the holder presents."""
    shutil.rmtree(directory / "trust", ignore_errors=True)
    trust = write(directory / "trust", certificates.trust([authority]))
    leaf = write(directory, {"leaf.crt": pem}) / "leaf.crt"
    for purpose in purposes:
        subprocess.run(
            [*OPENSSL_VERIFY, "-purpose", purpose, "-CApath", trust, "-untrusted", leaf, leaf],
            check=True,
            capture_output=True,
        )


def test_a_leaf_is_followed_by_the_authorities_below_the_root() -> None:
    pem = certify(LOW.files(MIDDLE, root=ROOT), subject("a-0"), validity())
    leaf, *above = authorities.load_certificates(pem.encode(), "ssl.crt")
    assert leaf.issuer == name_of("Low")
    assert above == [LOW.certificate, MIDDLE.certificate]


def test_the_register_of_an_intermediate_trusts_its_root_and_knows_its_own_key() -> None:
    found = register(MIDDLE, root=ROOT)
    assert found.certificate == ROOT.pem.decode()
    assert found.chain == MIDDLE.pem.decode()
    assert found.fingerprint == register(Brought(ecdsa(2))).fingerprint
    assert AuthorityRegister.from_data(found.to_data()) == found


def test_the_register_of_a_root_has_no_chain() -> None:
    assert register(Brought()).to_data().keys() == {"ca.crt", "subjectHash", "fingerprint"}


def test_a_certificate_is_known_by_the_intermediate_that_signed_it() -> None:
    pem = certify(MIDDLE.files(root=ROOT), subject("a-0"), validity())
    facts = certificates.certificate_facts(pem, register(MIDDLE, root=ROOT))
    assert facts.issuer_fingerprint == register(MIDDLE, root=ROOT).fingerprint
    with pytest.raises(InvalidMaterial, match="not signed by this authority"):
        certificates.certificate_facts(pem, register(ROOT))


def test_nothing_outlives_the_shortest_certificate_above_it() -> None:
    short = replace(ROOT, not_after=NOW + timedelta(days=3))
    low = replace(MIDDLE, under=short)
    pem = certify(low.files(root=short), subject("a-0"), validity(days=10))
    found = register(low, root=short)
    assert certificates.certificate_facts(pem, found).not_after == short.not_after
    assert authorities.authority_facts(found).not_after == short.not_after


def with_key(content: bytes) -> PrivateFiles:
    return PrivateFiles({"tls.key": content, "tls.crt": authority()["tls.crt"]})


REFUSED_AUTHORITIES = {
    "without basicConstraints": (Brought(ca=None).files(), "CA:TRUE is missing"),
    "no CA": (Brought(ca=False).files(), "CA:TRUE is missing"),
    "may not sign": (Brought(cert_sign=False).files(), "keyUsage lacks keyCertSign"),
    "for servers only": (Brought(usages=(SERVER,)).files(), "extendedKeyUsage"),
    "for some subjects only": (
        Brought(names=x509.NameConstraints([x509.DirectoryName(name_of("Bank"))], None)).files(),
        "tls.crt limits the subjects below it",
    ),
    "an intermediate with an old signature": (
        replace(MIDDLE, under=OLD_ROOT, sha1=True).files(root=OLD_ROOT),
        "tls.crt is signed with SHA-1 or MD5",
    ),
    "an old root that another key signed": (
        replace(OLD_ROOT, under=replace(OLD_ROOT, key=rsa_key(1024))).files(),
        "tls.crt is signed with SHA-1",
    ),
    "a strange extension": (Brought(strange=True).files(), "critical extension 1.2.3.4"),
    "an intermediate alone": (MIDDLE.files(), 'leads to "CN=Root", which is not there'),
    "a gap": (LOW.files(root=ROOT), 'leads to "CN=Middle", which is not there'),
    "another root": (MIDDLE.files(root=Brought(name="Root")), "which is not there"),
    "a root of another name": (Brought(issuer="Root").files(), "which is not there"),
    "a stranger beside it": (Brought().files(ROOT), '"CN=Root", which is not above'),
    "a root that allows nothing below": (
        replace(MIDDLE, under=replace(ROOT, path_length=0)).files(replace(ROOT, path_length=0)),
        'CN=Root" above tls.crt allows 0 CAs below it',
    ),
    "a root that is no CA": (
        replace(MIDDLE, under=replace(ROOT, ca=False)).files(replace(ROOT, ca=False)),
        'CN=Root" above tls.crt is no CA',
    ),
    "a root of another serial number": (
        replace(MIDDLE, above_serial=6).files(root=ROOT),
        "by name, key and authorityKeyIdentifier",
    ),
    "a root of another key identifier": (
        replace(MIDDLE, above_id=b"a", under=replace(ROOT, key_id=b"b")).files(
            root=replace(ROOT, key_id=b"b")
        ),
        "by name, key and authorityKeyIdentifier",
    ),
    "the root first": (
        PrivateFiles({"tls.key": pkcs8(MIDDLE.key), "tls.crt": ROOT.pem + MIDDLE.pem}),
        "its first certificate must be the key's",
    ),
    "a short RSA key": (Brought(rsa_key(1024)).files(), "tls.key has 1024 bits"),
    "a curve of no TLS": (with_key(secp256k1(3)), "neither RSA nor ECDSA"),
    "another key": (with_key(authority("boc")["tls.key"]), "not for the key tls.key"),
    "no key": (PrivateFiles({"tls.crt": authority()["tls.crt"]}), "tls.key is missing"),
    "no certificate": (PrivateFiles({"tls.key": authority()["tls.key"]}), "tls.crt is missing"),
    "a key in disorder": (with_key(b"-----BEGIN PRIVATE KEY-----\nAAAA"), "tls.key is no readable"),
    "a certificate in disorder": (
        PrivateFiles({"tls.key": authority()["tls.key"], "tls.crt": b"\xff"}),
        "tls.crt is no readable",
    ),
    "a root in disorder": (
        PrivateFiles({**MIDDLE.files(), "ca.crt": b"\xff"}),
        "ca.crt is no readable",
    ),
}


@pytest.mark.parametrize("case", REFUSED_AUTHORITIES)
def test_an_authority_is_refused(case: str) -> None:
    files, why = REFUSED_AUTHORITIES[case]
    with pytest.raises(InvalidMaterial, match=why):
        authorities.authority_register(files, SIGNING_KEYS)
    with pytest.raises(InvalidMaterial, match=why):
        certify(files, subject("a-0"), validity())


def test_a_key_for_one_kind_of_signature_alone_is_refused(tmp_path: Path) -> None:
    """The library takes it for any other RSA key, and no OpenSSL accepts what it then signs."""
    kind = ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048", "-nodes"]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, "-subj", "/CN=PSS", "-keyout", "key", "-out", "ca"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    files = {"tls.key": tmp_path / "key", "tls.crt": tmp_path / "ca"}
    brought = PrivateFiles({name: path.read_bytes() for name, path in files.items()})
    with pytest.raises(InvalidMaterial, match=r"tls\.crt has a key for RSASSA-PSS alone"):
        authorities.authority_register(brought, SIGNING_KEYS)


SWITCH = st.sampled_from([True] * 8 + [False, None])
KEY_ID = st.sampled_from([None, None, None, b"root", b"root", b"other"])
LENGTH = st.sampled_from([None, None, 0, 1])
USAGES = st.sampled_from([(), (), (), (SERVER, CLIENT), (SERVER,), (CLIENT,)])
SERIAL = st.sampled_from([None] * 6 + [5, 6])


@st.composite
def cas(draw: st.DrawFn, key: int, name: str, under: Brought | None = None) -> Brought:
    """Mostly good ones."""
    return Brought(
        ecdsa(key),
        name,
        under,
        ca=draw(SWITCH),
        path_length=draw(LENGTH),
        cert_sign=draw(SWITCH),
        usages=draw(USAGES),
        strange=draw(st.sampled_from([False] * 9 + [True])),
        serial=draw(st.sampled_from([5, 6])),
        key_id=draw(KEY_ID),
        above_id=draw(KEY_ID),
        above_serial=draw(SERIAL),
    )


@st.composite
def roots_and_intermediates(draw: st.DrawFn) -> Brought:
    top = draw(cas(1, "Root"))
    return draw(cas(2, "Middle", top)) if draw(st.booleans()) else top


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(roots_and_intermediates())
def test_what_is_accepted_here_is_accepted_by_openssl(tmp_path: Path, ca: Brought) -> None:
    """It is OpenSSL's code by which nodes judge each other."""
    files = ca.files(root=ca.under)
    try:
        found = authorities.authority_register(files, SIGNING_KEYS)
    except InvalidMaterial:
        return
    verify(tmp_path, found, certify(files, subject("a-0"), validity()), "sslserver", "sslclient")


DERS = [one.certificate.public_bytes(serialization.Encoding.DER) for one in (MIDDLE, ROOT)]


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@given(st.integers(0, 1), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=3))
@example(0, [(12, 19)])  # a version that does not exist
def test_whatever_is_in_a_certificate_is_accepted_or_refused(
    which: int, changes: list[tuple[int, int]]
) -> None:
    ders = [bytearray(der) for der in DERS]
    for position, value in changes:
        ders[which][position % len(ders[which])] = value
    issuer, top = (in_pem(bytes(der), b"CERTIFICATE") for der in ders)
    files = PrivateFiles({"tls.key": pkcs8(MIDDLE.key), "tls.crt": issuer, "ca.crt": top})
    with suppress(InvalidMaterial):
        found = authorities.authority_register(files, SIGNING_KEYS)
        authorities.authority_facts(found)
        authorities.authority_conflicts({("a", NODE): found, ("b", SDK): register(MIDDLE, ROOT)})


def test_a_message_shows_a_hostile_subject_on_one_short_line() -> None:
    hostile = Brought(issuer="Root\nIGNORE" + "x" * 50)
    with pytest.raises(InvalidMaterial) as error:
        authorities.authority_register(hostile.files(), SIGNING_KEYS)
    assert str(error.value).isprintable()


# Renewal: new certificates for the same keys and names.

LATER = Brought().not_after + timedelta(days=100)
RENEWED = {
    "a root": (register(Brought()), register(replace(Brought(), not_after=LATER))),
    "an intermediate": (
        register(MIDDLE, root=ROOT),
        register(replace(MIDDLE, not_after=LATER), root=ROOT),
    ),
    "the root above": (
        register(MIDDLE, root=ROOT),
        register(MIDDLE, root=replace(ROOT, not_after=LATER)),
    ),
}
OTHERS = {
    "another key": (register(Brought()), register(Brought(ecdsa(7))), "another key"),
    "another key identifier": (
        register(Brought(key_id=b"old")),
        register(Brought(key_id=b"new")),
        "another subjectKeyIdentifier",
    ),
    "another name": (register(Brought()), register(Brought(name="B")), "another subject"),
    "another root": (
        register(MIDDLE, root=ROOT),
        register(replace(MIDDLE, under=ROOT_2), root=ROOT_2),
        "another root CA",
    ),
    "a root that became an intermediate": (
        register(Brought(ecdsa(2), "Middle")),
        register(MIDDLE, root=ROOT),
        "another root CA",
    ),
}


@pytest.mark.parametrize("case", RENEWED)
def test_new_certificates_of_the_same_keys_are_a_renewal(case: str) -> None:
    recorded, found = RENEWED[case]
    assert recorded != found
    assert authorities.why_not_renewed(recorded, found) is None


@pytest.mark.parametrize("case", OTHERS)
def test_other_keys_or_names_are_no_renewal(case: str) -> None:
    recorded, found, why = OTHERS[case]
    assert why in str(authorities.why_not_renewed(recorded, found))
