"""Subjects of authorities, and OpenSSL's hash of them."""

import random
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type as StringType
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.engines.fisco_bcos.distinguished_name import (
    authority_name,
    leaf_name,
    subject_hash,
)
from consortium_operator.engines.protocol import Subject
from tests.unit.engines.fisco_bcos.material import NOW, subject

KEY = ec.generate_private_key(ec.SECP256R1())
CN = NameOID.COMMON_NAME

labels = st.from_regex(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?", fullmatch=True)
subjects = st.builds(Subject, labels, labels, labels, st.integers(1, 99))
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)


def common_name(text: str, kind: StringType | None = None) -> x509.Name:
    return x509.Name([x509.NameAttribute(CN, text, _type=kind)])


def rdns(*attributes: list[tuple[x509.ObjectIdentifier, str]]) -> x509.Name:
    return x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(*pair) for pair in pairs])
            for pairs in attributes
        ]
    )


NAMES = {
    "plain": common_name("trade webank node-ca 1"),
    "upper case": common_name("WeBank CA"),
    "Chinese": common_name("微众银行"),
    "accents, whose case OpenSSL leaves alone": common_name("Ärger ÉCOLE ñandú"),
    "emoji": common_name("🏦 CA"),
    "right to left": common_name("بنك"),
    "inner spaces": common_name("a  b \t c"),
    "outer spaces": common_name("  a b  "),
    "a space that is not ASCII": common_name("a\u00a0\u2003b"),
    "only spaces": common_name("   "),
    "control characters": common_name("a\x01\x7fb\nc"),
    "64 bytes": common_name("x" * 64),
    "PrintableString": common_name("Bank  Of Foo", StringType.PrintableString),
    "IA5String": common_name("Bank@FOO", StringType.IA5String),
    "BMPString": common_name("微众 Bank", StringType.BMPString),
    "UniversalString": common_name("微众 Bank", StringType.UniversalString),
    "NumericString, which OpenSSL hashes as it is": common_name("12 34", StringType.NumericString),
    "a country": rdns([(NameOID.COUNTRY_NAME, "CN")], [(CN, "Foo")]),
    "an e-mail address": rdns([(NameOID.EMAIL_ADDRESS, "CA@Example.COM")]),
    "domain components": rdns([(NameOID.DOMAIN_COMPONENT, "Example")]),
    "two attributes in one RDN": rdns(
        [
            (NameOID.ORGANIZATION_NAME, "Zeta"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "alpha"),
            (CN, "b"),
        ]
    ),
    "an RDN whose order turns round in lower case": rdns([(CN, "B"), (CN, "a")]),
    "another order": rdns([(CN, "a")], [(NameOID.ORGANIZATION_NAME, "b")]),
    "longer than one length octet": rdns(
        [(NameOID.ORGANIZATION_NAME, "中" * 20)],
        [(NameOID.ORGANIZATIONAL_UNIT_NAME, "国" * 20)],
        [(NameOID.TITLE, "银" * 100)],
    ),
    "empty": x509.Name([]),
}


def hashes_by_openssl(names: list[x509.Name], directory: Path) -> list[str]:
    """`openssl rehash` names all of them in one run."""
    for number, name in enumerate(names):
        (directory / f"{number}.pem").write_bytes(self_signed(name))
    subprocess.run(["openssl", "rehash", directory], check=True, capture_output=True)
    links = {link.resolve().name: link.name for link in directory.iterdir() if link.is_symlink()}
    return [links[f"{number}.pem"].partition(".")[0] for number in range(len(names))]


def self_signed(name: x509.Name) -> bytes:
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(KEY, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def test_the_subject_hash_is_openssls_for_every_kind_of_name(tmp_path: Path) -> None:
    told = hashes_by_openssl(list(NAMES.values()), tmp_path)
    assert {case: subject_hash(name) for case, name in NAMES.items()} == dict(
        zip(NAMES, told, strict=True)
    )


def test_the_subject_hash_is_openssls_for_many_random_names(tmp_path: Path) -> None:
    seeded = random.Random(20)
    names = [
        common_name("".join(chr(code) for code in seeded.choices(CODES, k=seeded.randint(1, 12))))
        for _ in range(300)
    ]
    assert [subject_hash(name) for name in names] == hashes_by_openssl(names, tmp_path)


CODES = [
    *range(1, 0x180),
    *range(0x2000, 0x2010),
    *range(0x4E00, 0x4E80),
    *range(0x1F600, 0x1F620),
]


def test_openssl_x509_prints_the_same_hash() -> None:
    name = authority_name(subject())
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-subject_hash"],
        input=self_signed(name),
        capture_output=True,
        check=True,
    ).stdout
    assert told.decode().strip() == subject_hash(name)


def test_an_authority_says_whose_it_is() -> None:
    assert authority_name(subject("client-ca", generation=3)).rfc4514_string() == (
        "CN=trade webank client-ca 3,OU=trade,O=webank"
    )


def test_a_leaf_says_whom_it_is_for() -> None:
    assert leaf_name(subject("shenzhen-0")).rfc4514_string() == "CN=shenzhen-0,OU=trade,O=webank"


@given(subjects, subjects)
def test_no_two_authorities_share_a_subject(one: Subject, other: Subject) -> None:
    assert (one == other) == (authority_name(one) == authority_name(other))


@given(texts, texts, texts)
def test_any_text_fits_into_a_subject(chain: str, member: str, name: str) -> None:
    made = authority_name(Subject(chain, member, name, 1))
    assert all(0 < len(str(attribute.value).encode()) <= 64 for attribute in made)
    assert len(subject_hash(made)) == 8


@pytest.mark.parametrize("filler", ["x", "ä", "微", "🏦"])
def test_names_too_long_for_x509_are_cut_and_stay_apart(filler: str) -> None:
    long = [Subject("trade", "webank", filler * 70 + end, 1) for end in ("a", "b")]
    one, other = (authority_name(entry) for entry in long)
    assert one != other
    assert str(one.get_attributes_for_oid(CN)[0].value).startswith("trade webank ")
