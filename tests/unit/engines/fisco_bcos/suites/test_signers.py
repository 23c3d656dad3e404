"""The signers of both kinds: what they put into a certificate, and what they refuse."""

from dataclasses import replace

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from consortium_operator.engines.fisco_bcos.certificate_keys import (
    CertificateKey,
    key_of,
    signed_by,
)
from consortium_operator.engines.fisco_bcos.suites.rsa_keys import Rsa2048
from consortium_operator.engines.fisco_bcos.suites.sm2_keys import Sm2
from consortium_operator.engines.fisco_bcos.suites.sm2_signer import Sm2SigningKey
from consortium_operator.engines.fisco_bcos.suites.suite import (
    Contents,
    Extension,
    SigningKeyKind,
)
from consortium_operator.engines.fisco_bcos.suites.table import SM
from consortium_operator.engines.fisco_bcos.suites.x509_signer import X509SigningKey
from tests.unit.engines.fisco_bcos.material import node_register, validity

KINDS: dict[str, SigningKeyKind] = {"X.509": X509SigningKey(), "SM2": Sm2SigningKey()}
FILES = {name: {"tls.key": kind.new()} for name, kind in KINDS.items()}
LEAF_KEYS: dict[str, CertificateKey] = {
    "X.509": Rsa2048().load_public(node_register().tls_public_key, "key"),
    "SM2": Sm2().load_public(node_register(SM).sign_public_key, "key"),
}
in_both_kinds = pytest.mark.parametrize("kind", KINDS)

# A common name has at most 64 bytes, and a character up to four.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=16)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def contents(kind: str) -> Contents:
    return Contents(
        subject=name("subject"),
        issuer=name("issuer"),
        key=LEAF_KEYS[kind],
        validity=validity(),
        extensions=(
            Extension(x509.BasicConstraints(ca=False, path_length=None), critical=True),
            Extension(x509.SubjectKeyIdentifier(b"12345")),
        ),
    )


@in_both_kinds
@settings(max_examples=40)
@given(subject=texts, issuer=texts, serial=st.integers(1, (1 << 159) - 1))
def test_a_certificate_says_what_it_was_told_to(
    kind: str, subject: str, issuer: str, serial: int
) -> None:
    wanted = replace(
        contents(kind),
        subject=name(subject),
        issuer=name(issuer),
        validity=validity(serial=serial),
    )
    made = KINDS[kind].load(FILES[kind], "tls.key").sign(wanted)
    assert made.version is x509.Version.v3
    assert (made.subject, made.issuer) == (wanted.subject, wanted.issuer)
    assert made.serial_number == serial
    assert made.not_valid_before_utc == wanted.validity.not_before
    assert made.not_valid_after_utc == wanted.validity.not_after
    assert key_of(made) == wanted.key
    assert [(one.value, one.critical) for one in made.extensions] == [
        (one.value, one.critical) for one in wanted.extensions
    ]


@in_both_kinds
def test_a_certificate_is_the_signers_under_its_name(kind: str) -> None:
    signer = KINDS[kind].load(FILES[kind], "tls.key")
    own = replace(contents(kind), subject=name("issuer"), key=signer.public_key)
    issuer = signer.sign(own)
    leaf = signer.sign(contents(kind))
    assert signed_by(leaf, issuer)
    assert signed_by(issuer, issuer)
    assert not signed_by(issuer, leaf)
    assert not signed_by(leaf, signer.sign(replace(own, subject=name("another"))))


def test_no_signer_signs_for_keys_of_the_other_kind() -> None:
    for kind, other in (("X.509", "SM2"), ("SM2", "X.509")):
        with pytest.raises(TypeError, match="SM2"):
            KINDS[kind].load(FILES[kind], "tls.key").sign(contents(other))


def test_who_signed_by_the_other_kind_did_not_sign() -> None:
    one, other = (
        KINDS[kind]
        .load(FILES[kind], "tls.key")
        .sign(replace(contents(kind), issuer=name("subject")))
        for kind in KINDS
    )
    assert not signed_by(one, other)
    assert not signed_by(other, one)
