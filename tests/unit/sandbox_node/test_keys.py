"""Who a node is: node.pem, ssl.crt, and the ids made from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from consortium_sandbox.node.certificates import load_own_certificate, parse_certificate
from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.keys import STANDARD, keccak256, load_key_pair
from tests.conformance.support.x509_authorities import Authority, modulus, pem, rsa_key


def test_the_node_id_is_the_public_point_in_hex(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    (tmp_path / "node.pem").write_bytes(pem(key))
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    assert load_key_pair(str(tmp_path / "node.pem"), STANDARD).node_id == point[1:].hex()


def test_a_key_of_another_curve_is_read_as_secp256k1_without_a_word(tmp_path: Path) -> None:
    """Trap 14: the node id differs from what the tool printed."""
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "node.pem").write_bytes(pem(key))
    scalar = key.private_numbers().private_value.to_bytes(32, "big")
    assert (
        load_key_pair(str(tmp_path / "node.pem"), STANDARD).node_id
        == STANDARD.key_pair(scalar).node_id
    )


@pytest.mark.parametrize("content", ["", "junk", "-----BEGIN PRIVATE KEY-----\nMAA=\n"])
def test_what_is_no_key_is_refused_by_its_path(content: str, tmp_path: Path) -> None:
    path = tmp_path / "node.pem"
    path.write_text(content)
    with pytest.raises(StartFailed, match="loadKeyPair failed, keyPair path: ") as caught:
        load_key_pair(str(path), STANDARD)
    assert caught.value.__context__ is None


def test_a_signature_names_its_signer() -> None:
    key, digest = STANDARD.key_pair(b"\1" * 32), keccak256(b"text")
    assert STANDARD.signer(digest, key.sign(digest)) == key.node_id
    assert STANDARD.signer(keccak256(b"other"), key.sign(digest)) != key.node_id
    assert STANDARD.signer(digest, b"short") is None


def test_the_repr_of_a_key_shows_no_secret() -> None:
    assert (b"\1" * 32).hex() not in repr(STANDARD.key_pair(b"\1" * 32))


def test_the_p2p_id_is_the_public_keys_bit_string_and_the_tls_id_its_modulus(
    tmp_path: Path,
) -> None:
    key = rsa_key(0)
    certificate = Authority.make("ca").issue("node", key)
    (tmp_path / "ssl.crt").write_bytes(pem(certificate))
    read = load_own_certificate(str(tmp_path / "ssl.crt"))
    expected = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.PKCS1
    )
    assert read.p2p_id == expected.hex()
    assert read.p2p_id.startswith("3082010a02820101")
    assert read.tls_id.lower() == modulus(key)


@pytest.mark.parametrize("constrained", [True, False])
def test_whether_a_leaf_has_basic_constraints_is_seen(constrained: bool) -> None:
    certificate = Authority.make("ca").issue("node", rsa_key(0), basic_constraints=constrained)
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert parse_certificate(der).has_basic_constraints is constrained


def test_of_a_leaf_with_its_intermediate_the_first_counts(tmp_path: Path) -> None:
    authority = Authority.make("ca")
    leaf = authority.issue("node", rsa_key(0))
    (tmp_path / "ssl.crt").write_bytes(pem(leaf) + pem(authority.certificate))
    assert load_own_certificate(str(tmp_path / "ssl.crt")).tls_id.lower() == modulus(rsa_key(0))
