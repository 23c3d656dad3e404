"""What is read from certificates, and which are refused."""

import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.fisco_bcos import authorities, certificates, identity
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite, Leaf
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.engines.protocol import InvalidMaterial
from tests.unit.engines.fisco_bcos.both_suites import every_leaf, in_both_suites
from tests.unit.engines.fisco_bcos.material import (
    authority,
    client_certificate,
    client_key,
    node_certificates,
    node_register,
    registered,
    subject,
    validity,
)

MEMBERS = ("boc", "huawei", "tencent", "webank")
NODE, CLIENT = AuthorityKind.NODE, AuthorityKind.CLIENT


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
