"""Keys of nodes, clients and accounts, and what the register says of them."""

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import NodeRegister
from consortium_operator.engines.fisco_bcos import der, identity
from consortium_operator.engines.fisco_bcos.suites import sm2_keys
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.engines.protocol import InvalidMaterial
from tests.unit.engines.fisco_bcos.both_suites import in_both_suites
from tests.unit.engines.fisco_bcos.material import (
    client_key,
    in_pem,
    node_register,
    pkcs8,
    rsa_of,
    secp256k1,
    tls_key,
)

# The public keys of the private key 1: the curves' base points (SEC 2, section 2.4.1; GM/T 0003.5).
BASE_POINTS = {
    STANDARD: (
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
    ),
    SM: (
        "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
        "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
    ),
}
# Private keys whose x coordinates begin with a zero byte.
SCALARS_OF_SHORT_X = {STANDARD: 153, SM: 327}

# The smaller of the two curves' orders, minus one: SM2 has no signature by order - 1.
LAST_SCALAR = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54122


def node(content: bytes) -> PrivateFiles:
    return PrivateFiles({"node.pem": content})


def ledger_key(suite: CryptoSuite, scalar: int) -> bytes:
    """PKCS#8 of one private key. OpenSSL reads and writes SM2 keys too."""
    if suite is STANDARD:
        return secp256k1(scalar)
    library = sm2_keys._library()
    return sm2_keys._pkcs8(library.ec.derive_private_key(scalar, library.curve))


def register_of(suite: CryptoSuite, scalar: int) -> NodeRegister:
    return identity.node_register(suite, node(ledger_key(suite, scalar)), tls_key(suite))


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


def with_foreign_point(suite: CryptoSuite) -> bytes:
    """A PKCS#8 key whose embedded public point belongs to another private key."""
    pem = ledger_key(suite, 7)
    content = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    own, other = (
        bytes.fromhex(suite.ledger.public({"key": ledger_key(suite, scalar)}, "key").number)
        for scalar in (7, 8)
    )
    return in_pem(content.replace(own, other))


@in_both_suites
def test_a_node_id_is_the_public_point_without_its_prefix(suite: CryptoSuite) -> None:
    assert register_of(suite, 1).node_id == BASE_POINTS[suite]


@in_both_suites
def test_the_id_is_known_from_the_nodes_key_alone(suite: CryptoSuite) -> None:
    assert identity.node_id(suite, node(ledger_key(suite, 1))) == BASE_POINTS[suite]


@in_both_suites
def test_a_node_id_keeps_its_leading_zeros(suite: CryptoSuite) -> None:
    register = register_of(suite, SCALARS_OF_SHORT_X[suite])
    assert register.node_id.startswith("00")
    assert len(register.node_id) == 128


def test_a_tls_id_is_the_modulus_in_512_digits(tmp_path: Path) -> None:
    (tmp_path / "ssl.key").write_bytes(tls_key()["ssl.key"])
    told = subprocess.run(
        ["openssl", "rsa", "-in", tmp_path / "ssl.key", "-noout", "-modulus"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    register = register_of(STANDARD, 1)
    assert told.strip() == f"Modulus={register.tls_id.upper()}"
    assert len(register.tls_id) == 512


def test_a_tls_id_of_an_sm_node_is_the_point_of_the_key_that_signs(tmp_path: Path) -> None:
    """The node reference, section 1.4: sm_ssl.nodeid, of 128 digits."""
    (tmp_path / "sm_ssl.key").write_bytes(tls_key(SM)["sm_ssl.key"])
    der = subprocess.run(
        ["openssl", "pkey", "-in", tmp_path / "sm_ssl.key", "-pubout", "-outform", "DER"],
        capture_output=True,
        check=True,
    ).stdout
    register = register_of(SM, 1)
    assert der.endswith(bytes.fromhex(register.tls_id))
    assert len(register.tls_id) == 128


def test_the_register_of_an_sm_node_has_all_its_public_keys() -> None:
    register = node_register(SM)
    keys = {register.tls_public_key, register.sign_public_key, register.encrypt_public_key}
    assert len(keys) == 3
    assert all(key.startswith("-----BEGIN PUBLIC KEY-----\n") for key in keys)
    assert NodeRegister.from_data(register.to_data()) == register


def test_the_register_of_a_standard_node_says_nothing_of_sm() -> None:
    register = node_register(STANDARD)
    assert set(register.to_data()) == {
        *("node_id", "tls_id", "node_public_key", "tls_public_key"),
        *("node_fingerprint", "tls_fingerprint"),
    }
    assert NodeRegister.from_data(register.to_data()) == register


def test_an_account_has_the_address_that_everybody_computes_for_its_key() -> None:
    account = PrivateFiles({"account.pem": secp256k1(1)})
    register = identity.account_register(STANDARD, account)
    assert register.address == "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def test_an_sm_account_has_the_address_that_a_real_node_computed() -> None:
    """transaction-sm.json: its private key, and the sender in the node's receipt."""
    account = PrivateFiles({"account.pem": ledger_key(SM, int("11" * 32, 16))})
    address = identity.account_register(SM, account).address
    assert address == "0x7dd1e0c8602757f3d100c0244ad39e12fe8d675d"


@in_both_suites
def test_fingerprints_are_those_of_openssl(suite: CryptoSuite, tmp_path: Path) -> None:
    key = tmp_path / "node.pem"
    key.write_bytes(ledger_key(suite, 5))
    der = subprocess.run(
        ["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"],
        capture_output=True,
        check=True,
    ).stdout
    digest = subprocess.run(
        ["openssl", "dgst", "-sha256", "-r"], input=der, capture_output=True, check=True
    ).stdout.decode()
    assert digest.split()[0] == register_of(suite, 5).node_fingerprint


@in_both_suites
def test_a_new_node_key_is_pkcs8_with_the_curve_by_name_and_its_public_part(
    suite: CryptoSuite, tmp_path: Path
) -> None:
    files = identity.new_node_key(suite)
    assert list(files) == ["node.pem"]
    (tmp_path / "node.pem").write_bytes(files["node.pem"])
    parsed = subprocess.run(
        ["openssl", "asn1parse", "-in", tmp_path / "node.pem"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert files["node.pem"].startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert {STANDARD: ":secp256k1", SM: ":sm2"}[suite] in parsed
    assert identity.node_id(suite, files).upper() in parsed


@pytest.mark.parametrize(
    ("files", "name"), [(tls_key(), "ssl.key"), (client_key(), "sdk.key")], ids=str
)
def test_new_tls_and_client_keys_are_pkcs8_rsa_2048(files: PrivateFiles, name: str) -> None:
    assert list(files) == [name]
    assert files[name].startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert serialization.load_pem_private_key(files[name], None).key_size == 2048  # type: ignore[union-attr] # an RSA key has a size


def test_an_sm_node_has_two_sm2_keys_for_peers_and_an_rsa_key_for_json_rpc() -> None:
    files = tls_key(SM)
    assert list(files) == ["sm_ssl.key", "sm_enssl.key", "ssl.key"]
    for name in ("sm_ssl.key", "sm_enssl.key"):
        told = subprocess.run(
            ["openssl", "pkey", "-text", "-noout"],
            input=files[name],
            capture_output=True,
            check=True,
        ).stdout
        assert b"SM2" in told
    assert serialization.load_pem_private_key(files["ssl.key"], None).key_size == 2048  # type: ignore[union-attr] # an RSA key has a size


@pytest.mark.parametrize("name", ["sm_ssl.key", "sm_enssl.key", "ssl.key"])
def test_each_tls_key_of_an_sm_node_is_missed(name: str) -> None:
    rest = PrivateFiles({file: key for file, key in tls_key(SM).items() if file != name})
    with pytest.raises(InvalidMaterial, match=f"{name} is missing"):
        identity.node_register(SM, node(ledger_key(SM, 1)), rest)


@in_both_suites
def test_no_two_new_keys_are_alike(suite: CryptoSuite) -> None:
    ids = {identity.account_register(suite, identity.new_account(suite)).address for _ in "ab"}
    assert len(ids) == 2


def test_a_client_key_has_the_fingerprint_of_its_public_key() -> None:
    as_tls = PrivateFiles({"ssl.key": client_key()["sdk.key"]})
    register = identity.node_register(STANDARD, node(secp256k1(1)), as_tls)
    assert identity.client_fingerprint(client_key()) == register.tls_fingerprint


@in_both_suites
@given(st.integers(1, LAST_SCALAR - 1))
def test_every_private_key_gives_ids_of_fixed_length(suite: CryptoSuite, scalar: int) -> None:
    register = register_of(suite, scalar)
    account = identity.account_register(
        suite, PrivateFiles({"account.pem": ledger_key(suite, scalar)})
    )
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
    "with another key's public part": (with_foreign_point(STANDARD), "no readable"),
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
        identity.node_register(STANDARD, node(content), tls_key())
    assert "node.pem" in str(caught.value)
    assert_holds_nothing_of(content, caught.value)


REFUSED_SM_NODE_KEYS = {
    "on another curve": (secp256k1(9), "no key on the curve SM2"),
    "RSA": (tls_key()["ssl.key"], "no key on the curve SM2"),
    "of another kind": (
        REFUSED_NODE_KEYS["of another kind"][0],
        "no key on the curve SM2|readable",
    ),
    "in SEC 1 form": (
        b"-----BEGIN EC PRIVATE KEY-----\n" + ledger_key(SM, 9).split(b"\n", 1)[1],
        "PKCS#8",
    ),
    "with another key's public part": (with_foreign_point(SM), "public part that does not match"),
    "cut short": (ledger_key(SM, 9)[:120], "no readable"),
    "with broken base64": (ledger_key(SM, 9).replace(b"M", b"!"), "no readable"),
    "not UTF-8": (b"-----BEGIN PRIVATE KEY-----\n\xff\xfe", "no readable"),
    "empty": (b"", "missing or empty"),
}


@pytest.mark.parametrize("case", REFUSED_SM_NODE_KEYS)
def test_a_node_key_of_an_sm_chain_is_refused(case: str) -> None:
    content, why = REFUSED_SM_NODE_KEYS[case]
    with pytest.raises(InvalidMaterial, match=why) as caught:
        identity.node_id(SM, node(content))
    assert "node.pem" in str(caught.value)
    assert_holds_nothing_of(content, caught.value)


@pytest.mark.parametrize("bits", [1024, 3072])
def test_a_tls_key_of_another_size_is_refused(bits: int) -> None:
    files = PrivateFiles({"ssl.key": rsa_of(bits)})
    with pytest.raises(InvalidMaterial, match=f"ssl.key has {bits} bits"):
        identity.node_register(STANDARD, node(secp256k1(1)), files)


def test_an_elliptic_tls_key_is_refused() -> None:
    files = PrivateFiles({"ssl.key": secp256k1(1)})
    with pytest.raises(InvalidMaterial, match=r"ssl\.key is no RSA key"):
        identity.node_register(STANDARD, node(secp256k1(1)), files)


def changed_rsa(number: str) -> bytes:
    """A PKCS#8 RSA key of which one number is not the others'."""
    key = serialization.load_pem_private_key(rsa_of(2048), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    names = ("n", "e", "d", "p", "q", "dmp1", "dmq1", "iqmp")
    values = {name: getattr(numbers, name, 0) for name in names} | {
        "n": numbers.public_numbers.n,
        "e": numbers.public_numbers.e,
    }
    values[number] += 2
    private = der.sequence(der.integer(0), *(der.integer(values[name]) for name in names))
    algorithm = der.sequence(der.object_identifier("1.2.840.113549.1.1.1"), b"\x05\x00")
    return in_pem(der.sequence(der.integer(0), algorithm, der.octet_string(private)))


@pytest.mark.parametrize("number", ["n", "e", "d", "p", "q", "dmp1", "dmq1", "iqmp"])
def test_a_tls_key_whose_numbers_contradict_each_other_is_refused(number: str) -> None:
    """Our own keys are loaded without a proof of their primes; all else is checked."""
    files = PrivateFiles({"ssl.key": changed_rsa(number)})
    with pytest.raises(InvalidMaterial, match=r"ssl\.key (contradicts itself|is no readable)"):
        identity.node_register(STANDARD, node(secp256k1(1)), files)


@in_both_suites
def test_a_key_under_another_file_name_is_missing(suite: CryptoSuite) -> None:
    with pytest.raises(InvalidMaterial, match=r"account\.pem is missing"):
        identity.account_register(suite, identity.new_node_key(suite))


@in_both_suites
@given(st.binary(max_size=200))
def test_no_content_brings_another_error_than_invalid_material(
    suite: CryptoSuite, content: bytes
) -> None:
    wrapped = b"-----BEGIN PRIVATE KEY-----\n" + content
    for candidate in (content, wrapped, in_pem(content)):
        with pytest.raises(InvalidMaterial):
            identity.account_register(suite, PrivateFiles({"account.pem": candidate}))


def assert_holds_nothing_of(content: bytes, error: BaseException) -> None:
    """Neither the message nor what the exception was raised from shows a line of the file."""
    shown = repr(error) + repr(error.__cause__) + str(error.__suppress_context__)
    assert error.__suppress_context__ or error.__context__ is None
    lines = [line for line in content.split(b"\n")[1:] if len(line) > 8 and b"-" not in line]
    assert not [line for line in lines if line.decode(errors="replace") in shown]
