"""Keys of nodes, clients and accounts, and what the register says of them."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos import identity
from consortium_operator.engines.protocol import InvalidMaterial
from tests.unit.engines.fisco_bcos.material import (
    client_key,
    in_pem,
    pkcs8,
    rsa_of,
    secp256k1,
    tls_key,
)

# The base point of secp256k1: the public key of the private key 1 (SEC 2, section 2.4.1).
BASE_POINT = (
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
)
BASE_POINT_ADDRESS = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
# A private key whose x coordinate begins with a zero byte.
SCALAR_OF_SHORT_X = 153

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def node(content: bytes) -> PrivateFiles:
    return PrivateFiles({"node.pem": content})


def sec1(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def encrypted(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


def with_foreign_public_part() -> bytes:
    """A PKCS#8 key whose embedded public point belongs to another private key."""

    def der_and_point(scalar: int) -> tuple[bytes, bytes]:
        key = ec.derive_private_key(scalar, ec.SECP256K1())
        der = key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        point = key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return der, point

    der, point = der_and_point(7)
    return in_pem(der.replace(point, der_and_point(8)[1]))


def test_a_node_id_is_the_public_point_without_its_prefix() -> None:
    register = identity.node_register(node(secp256k1(1)), tls_key())
    assert register.node_id == BASE_POINT


def test_a_node_id_keeps_its_leading_zeros() -> None:
    register = identity.node_register(node(secp256k1(SCALAR_OF_SHORT_X)), tls_key())
    assert register.node_id.startswith("00e3ae1974")
    assert len(register.node_id) == 128


def test_a_tls_id_is_the_modulus_in_512_digits(tmp_path: Path) -> None:
    (tmp_path / "ssl.key").write_bytes(tls_key()["ssl.key"])
    told = subprocess.run(
        ["openssl", "rsa", "-in", tmp_path / "ssl.key", "-noout", "-modulus"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    register = identity.node_register(node(secp256k1(1)), tls_key())
    assert told.strip() == f"Modulus={register.tls_id.upper()}"
    assert len(register.tls_id) == 512


def test_an_account_has_the_address_that_everybody_computes_for_its_key() -> None:
    account = PrivateFiles({"account.pem": secp256k1(1)})
    assert identity.account_register(account).address == BASE_POINT_ADDRESS


def test_fingerprints_are_those_of_openssl(tmp_path: Path) -> None:
    key = tmp_path / "node.pem"
    key.write_bytes(secp256k1(5))
    der = subprocess.run(
        ["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"],
        capture_output=True,
        check=True,
    ).stdout
    digest = subprocess.run(
        ["openssl", "dgst", "-sha256", "-r"], input=der, capture_output=True, check=True
    ).stdout.decode()
    register = identity.node_register(node(secp256k1(5)), tls_key())
    assert digest.split()[0] == register.node_fingerprint


def test_a_new_node_key_is_pkcs8_with_the_curve_by_name_and_its_public_part(
    tmp_path: Path,
) -> None:
    files = identity.new_node_key()
    assert list(files) == ["node.pem"]
    (tmp_path / "node.pem").write_bytes(files["node.pem"])
    parsed = subprocess.run(
        ["openssl", "asn1parse", "-in", tmp_path / "node.pem"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert files["node.pem"].startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert ":secp256k1" in parsed
    register = identity.node_register(files, tls_key())
    assert register.node_id.upper() in parsed


@pytest.mark.parametrize(
    ("files", "name"), [(tls_key(), "ssl.key"), (client_key(), "sdk.key")], ids=str
)
def test_new_tls_and_client_keys_are_pkcs8_rsa_2048(files: PrivateFiles, name: str) -> None:
    assert list(files) == [name]
    assert files[name].startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert serialization.load_pem_private_key(files[name], None).key_size == 2048  # type: ignore[union-attr] # an RSA key has a size


def test_no_two_new_keys_are_alike() -> None:
    ids = {
        identity.account_register(identity.new_account()).address,
        identity.account_register(identity.new_account()).address,
    }
    assert len(ids) == 2


def test_a_client_key_has_the_fingerprint_of_its_public_key() -> None:
    as_tls = PrivateFiles({"ssl.key": client_key()["sdk.key"]})
    register = identity.node_register(node(secp256k1(1)), as_tls)
    assert identity.client_fingerprint(client_key()) == register.tls_fingerprint


@settings(deadline=None)
@given(st.integers(1, ORDER - 1))
def test_every_private_key_gives_ids_of_fixed_length(scalar: int) -> None:
    register = identity.node_register(node(secp256k1(scalar)), tls_key())
    account = identity.account_register(PrivateFiles({"account.pem": secp256k1(scalar)}))
    assert len(bytes.fromhex(register.node_id)) == 64
    assert register.node_id == register.node_id.lower()
    assert account.address[:2] == "0x"
    assert len(bytes.fromhex(account.address[2:])) == 20
    assert account.fingerprint == register.node_fingerprint


REFUSED_NODE_KEYS = {
    "on another curve": (pkcs8(ec.derive_private_key(9, ec.SECP256R1())), "secp256r1"),
    "RSA": (tls_key()["ssl.key"], "no elliptic curve key"),
    "of another kind": (
        ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        "no elliptic curve key",
    ),
    "in SEC 1 form": (sec1(ec.derive_private_key(9, ec.SECP256K1())), "PKCS#8"),
    "encrypted": (encrypted(ec.derive_private_key(9, ec.SECP256K1())), "PKCS#8"),
    "with another key's public part": (with_foreign_public_part(), "no readable"),
    "cut short": (secp256k1(9)[:120], "no readable"),
    "with broken base64": (secp256k1(9).replace(b"M", b"!"), "no readable"),
    "not PEM": (b"\x00\x01\x02", "PKCS#8"),
    "not UTF-8": (b"-----BEGIN PRIVATE KEY-----\n\xff\xfe", "no readable"),
    "empty": (b"", "missing or empty"),
}


@pytest.mark.parametrize("case", REFUSED_NODE_KEYS)
def test_a_node_key_is_refused(case: str) -> None:
    content, why = REFUSED_NODE_KEYS[case]
    with pytest.raises(InvalidMaterial, match=why) as caught:
        identity.node_register(node(content), tls_key())
    assert "node.pem" in str(caught.value)
    assert_holds_nothing_of(content, caught.value)


@pytest.mark.parametrize("bits", [1024, 3072])
def test_a_tls_key_of_another_size_is_refused(bits: int) -> None:
    files = PrivateFiles({"ssl.key": rsa_of(bits)})
    with pytest.raises(InvalidMaterial, match=f"ssl.key has {bits} bits"):
        identity.node_register(node(secp256k1(1)), files)


def test_an_elliptic_tls_key_is_refused() -> None:
    files = PrivateFiles({"ssl.key": secp256k1(1)})
    with pytest.raises(InvalidMaterial, match=r"ssl\.key is no RSA key"):
        identity.node_register(node(secp256k1(1)), files)


def test_a_key_under_another_file_name_is_missing() -> None:
    with pytest.raises(InvalidMaterial, match=r"account\.pem is missing"):
        identity.account_register(identity.new_node_key())


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_content_brings_another_error_than_invalid_material(content: bytes) -> None:
    wrapped = b"-----BEGIN PRIVATE KEY-----\n" + content
    for candidate in (content, wrapped, in_pem(content)):
        with pytest.raises(InvalidMaterial):
            identity.account_register(PrivateFiles({"account.pem": candidate}))


def assert_holds_nothing_of(content: bytes, error: BaseException) -> None:
    """Neither the message nor what the exception was raised from shows a line of the file."""
    shown = repr(error) + repr(error.__cause__) + str(error.__suppress_context__)
    assert error.__suppress_context__ or error.__context__ is None
    lines = [line for line in content.split(b"\n")[1:] if len(line) > 8 and b"-" not in line]
    assert not [line for line in lines if line.decode(errors="replace") in shown]
