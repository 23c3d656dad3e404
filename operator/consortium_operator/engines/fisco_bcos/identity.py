"""The keys of nodes, clients and accounts, and the public side of each (the register).

A node has two unrelated keys: node.pem signs blocks and is its identity in the genesis, ssl.key is
its TLS identity, which the peers' allow and deny lists name. The keys are made here and nowhere
else; certificates.py makes those of the authorities.
"""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AccountRegister, NodeRegister
from consortium_operator.engines.fisco_bcos.hashing import keccak256
from consortium_operator.engines.fisco_bcos.keys import (
    RSA_BITS,
    fingerprint,
    load_rsa,
    load_secp256k1,
    pkcs8,
    public_pem,
)

NODE_KEY = "node.pem"
TLS_KEY = "ssl.key"
CLIENT_KEY = "sdk.key"
ACCOUNT_KEY = "account.pem"


def new_node_key() -> PrivateFiles:
    """node.pem: PKCS#8, secp256k1 by name (config.ini security.private_key_path)."""
    return PrivateFiles({NODE_KEY: pkcs8(ec.generate_private_key(ec.SECP256K1()))})


def new_tls_key() -> PrivateFiles:
    """ssl.key: PKCS#8, RSA-2048 (config.ini cert.node_key)."""
    return PrivateFiles({TLS_KEY: pkcs8(_new_rsa())})


def new_client_key() -> PrivateFiles:
    """sdk.key, as the SDKs name it: PKCS#8, RSA-2048."""
    return PrivateFiles({CLIENT_KEY: pkcs8(_new_rsa())})


def new_account() -> PrivateFiles:
    """account.pem: PKCS#8, secp256k1. It signs transactions; its address is in the register."""
    return PrivateFiles({ACCOUNT_KEY: pkcs8(ec.generate_private_key(ec.SECP256K1()))})


def node_register(node_key: PrivateFiles, tls_key: PrivateFiles) -> NodeRegister:
    """The public side of node.pem and ssl.key. Raises InvalidMaterial."""
    node = load_secp256k1(node_key, NODE_KEY).public_key()
    tls = load_rsa(tls_key, TLS_KEY).public_key()
    return NodeRegister(
        node_id=_point(node).hex(),
        tls_id=f"{tls.public_numbers().n:0{RSA_BITS // 4}x}",
        node_public_key=public_pem(node),
        tls_public_key=public_pem(tls),
        node_fingerprint=fingerprint(node),
        tls_fingerprint=fingerprint(tls),
    )


def node_id(node_key: PrivateFiles) -> str:
    """128 hex digits, from node.pem alone. Raises InvalidMaterial."""
    return _point(load_secp256k1(node_key, NODE_KEY).public_key()).hex()


def account_register(account: PrivateFiles) -> AccountRegister:
    """The public side of account.pem. Raises InvalidMaterial."""
    public = load_secp256k1(account, ACCOUNT_KEY).public_key()
    return AccountRegister(address_of(_point(public)), fingerprint(public))


def client_fingerprint(client_key: PrivateFiles) -> str:
    """sha256 over the DER SubjectPublicKeyInfo of sdk.key. Raises InvalidMaterial."""
    return fingerprint(load_rsa(client_key, CLIENT_KEY).public_key())


def address_of(point: bytes) -> str:
    """The account's address: 0x and 40 lower-case hex digits.

    `point`: 64 bytes, the uncompressed public point without its leading 04.
    """
    return "0x" + keccak256(point)[-20:].hex()


def _point(public: ec.EllipticCurvePublicKey) -> bytes:
    """64 bytes, zero padded: both coordinates."""
    return public.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )[1:]


def _new_rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
