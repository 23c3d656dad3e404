"""SM: the suite against a real transaction, certificates and trust against OpenSSL's rules."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from consortium_sandbox.node import abi
from consortium_sandbox.node.block import Receipt
from consortium_sandbox.node.log import Log
from consortium_sandbox.node.sm.certificates import SmCertificate, parse_pem, subject_hash
from consortium_sandbox.node.sm.suite import SM
from consortium_sandbox.node.sm.trust import Trust, Untrusted
from consortium_sandbox.node.transaction import BadTransaction, decode
from tests import observed
from tests.conformance.support.sm_authorities import SmAuthority, SmKey
from tests.conformance.support.x509_authorities import subject_hash as openssl_subject_hash
from tests.conformance.support.x509_authorities import write_trust

REAL = observed.SM_TRANSACTION
RAW = bytes.fromhex(REAL["raw"][2:])
ANSWER = REAL["answer"]["result"]
QUIET = Log(lambda line: None, "fatal")


def test_a_real_transaction_decodes_hashes_and_names_its_signer() -> None:
    transaction = decode(RAW, SM)
    assert "0x" + transaction.hash.hex() == REAL["dataHash"]
    assert transaction.sender_text == ANSWER["from"]


def test_its_receipts_hash_is_rebuilt() -> None:
    output = bytes.fromhex(ANSWER["output"][2:])
    receipt = Receipt(block_number=1, output=output, gas_used=ANSWER["gasUsed"])
    assert "0x" + receipt.hash(SM).hex() == ANSWER["hash"]


def test_selectors_are_by_sm3() -> None:
    assert abi.selector("setValueByKey(string,string)", SM).hex() == REAL["input"][2:10]


@pytest.mark.parametrize("position", [0, 31, 63, 64, 127])
def test_a_changed_signature_names_nobody(position: int) -> None:
    signature = bytearray(decode(RAW, SM).signature)
    signature[position] ^= 1
    assert SM.signer(bytes.fromhex(REAL["dataHash"][2:]), bytes(signature)) is None


def test_a_signature_of_the_other_world_is_refused() -> None:
    with pytest.raises(BadTransaction):
        decode(observed.TRANSACTION_VECTORS[0], SM)


def test_what_is_signed_is_read_back() -> None:
    key = SM.key_pair(bytes.fromhex(REAL["privateKey"][2:]))
    digest = SM.hash(b"text")
    assert SM.signer(digest, key.sign(digest)) == key.node_id
    assert SM.address(key.node_id).hex() == ANSWER["from"][2:]


# --- certificates --------------------------------------------------------------------------------


def certificate(authority: SmAuthority, days: tuple[int, int] = (-1, 1)) -> SmCertificate:
    (parsed,) = parse_pem(authority.issue("ssl", SmKey(), days=days).decode())
    return parsed


@pytest.mark.parametrize("name", ["org", "Org  One ", "微众银行", "ORG-ONE"])
def test_the_subjects_hash_is_openssls(name: str) -> None:
    pem = SmAuthority.make(name).certificate
    (parsed,) = parse_pem(pem.decode())
    assert subject_hash(parsed.subject) == openssl_subject_hash(pem)


def test_a_leaf_is_signed_by_its_authority_and_by_no_other() -> None:
    ours, other = SmAuthority.make("org"), SmAuthority.make("org")
    leaf = certificate(ours)
    assert leaf.is_signed_by(parse_pem(ours.certificate.decode())[0])
    assert not leaf.is_signed_by(parse_pem(other.certificate.decode())[0])


@pytest.mark.parametrize("text", ["", "junk", "-----BEGIN CERTIFICATE-----\nMAA=\n"])
def test_what_holds_no_certificate_gives_none(text: str) -> None:
    assert parse_pem(text) == []


def trust(directory: Path, *trusted: bytes, own: bytes = b"") -> Trust:
    write_trust(directory / "trust", list(trusted))
    (directory / "sm_ca.crt").write_bytes(own)
    return Trust(str(directory / "sm_ca.crt"), str(directory / "trust"), QUIET)


def reason(trusting: Trust, leaf: SmCertificate) -> str:
    with pytest.raises(Untrusted) as caught:
        trusting.check(leaf, time.time())
    return str(caught.value)


def test_cas_of_the_bundle_and_of_the_directory_are_trusted(tmp_path: Path) -> None:
    first, second, stranger = (SmAuthority.make(name) for name in ("one", "two", "three"))
    trusting = trust(tmp_path, second.certificate, own=first.certificate)
    for authority in (first, second):
        trusting.check(certificate(authority), time.time())
    assert "local issuer" in reason(trusting, certificate(stranger))


def test_a_certificate_that_has_ended_or_not_begun_is_refused(tmp_path: Path) -> None:
    authority = SmAuthority.make("org")
    trusting = trust(tmp_path, own=authority.certificate)
    assert "expired" in reason(trusting, certificate(authority, days=(-3, -1)))
    assert "not yet valid" in reason(trusting, certificate(authority, days=(1, 3)))


def test_a_ca_that_is_added_counts_and_one_that_was_read_stays_and_hides(tmp_path: Path) -> None:
    """Trap 31."""
    old = SmAuthority.make("org")
    trusting = trust(tmp_path)
    assert "local issuer" in reason(trusting, certificate(old))
    write_trust(tmp_path / "trust", [old.certificate])
    trusting.check(certificate(old), time.time())
    for file in (tmp_path / "trust").iterdir():
        file.unlink()
    new = SmAuthority.make("org")
    write_trust(tmp_path / "trust", [new.certificate])
    trusting.check(certificate(old), time.time())
    assert "signature" in reason(trusting, certificate(new))
