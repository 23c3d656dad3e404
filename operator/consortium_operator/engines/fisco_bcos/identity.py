"""The keys of nodes, clients and accounts, and the public side of each (the register).

A node has unrelated keys: node.pem signs blocks and is its identity in the genesis, the others are
its TLS identity, which the peers' allow and deny lists name. Of what kind they are is the suite's
matter. The keys are made here and nowhere else; certificates.py makes those of the authorities.
"""

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AccountRegister, NodeRegister
from consortium_operator.engines.fisco_bcos.suites.rsa_keys import Rsa2048
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite

NODE_KEY = "node.pem"
CLIENT_KEY = "sdk.key"
ACCOUNT_KEY = "account.pem"

CLIENT_KEY_KIND = Rsa2048()
"""In both suites: JSON-RPC speaks TLS, not TLCP."""


def new_node_key(suite: CryptoSuite) -> PrivateFiles:
    """node.pem: PKCS#8, the curve by its name (config.ini security.private_key_path)."""
    return PrivateFiles({NODE_KEY: suite.ledger.new()})


def new_tls_key(suite: CryptoSuite) -> PrivateFiles:
    """ssl.key and its likes, one for each certificate: PKCS#8 (config.ini [cert])."""
    return PrivateFiles({leaf.key: leaf.kind.new() for leaf in suite.leaves})


def new_client_key() -> PrivateFiles:
    """sdk.key, as the SDKs name it: PKCS#8, RSA-2048."""
    return PrivateFiles({CLIENT_KEY: CLIENT_KEY_KIND.new()})


def new_account(suite: CryptoSuite) -> PrivateFiles:
    """account.pem: PKCS#8. It signs transactions; its address is in the register."""
    return PrivateFiles({ACCOUNT_KEY: suite.ledger.new()})


def node_register(
    suite: CryptoSuite, node_key: PrivateFiles, tls_key: PrivateFiles
) -> NodeRegister:
    """The public side of all keys of a node. Raises InvalidMaterial."""
    node = suite.ledger.public(node_key, NODE_KEY)
    keys = [leaf.kind.public(tls_key, leaf.key) for leaf in suite.leaves]
    return NodeRegister(
        node_id=node.number,
        tls_id=keys[0].number,
        node_public_key=node.pem,
        node_fingerprint=node.fingerprint,
        tls_fingerprint=keys[-1].fingerprint,
        **{leaf.recorded: key.pem for leaf, key in zip(suite.leaves, keys, strict=True)},
    )


def node_id(suite: CryptoSuite, node_key: PrivateFiles) -> str:
    """128 hex digits, from node.pem alone. Raises InvalidMaterial."""
    return suite.ledger.public(node_key, NODE_KEY).number


def account_register(suite: CryptoSuite, account: PrivateFiles) -> AccountRegister:
    """The public side of account.pem. Raises InvalidMaterial."""
    public = suite.ledger.public(account, ACCOUNT_KEY)
    return AccountRegister(suite.address_of(bytes.fromhex(public.number)), public.fingerprint)


def client_fingerprint(client_key: PrivateFiles) -> str:
    """sha256 over the DER SubjectPublicKeyInfo of sdk.key. Raises InvalidMaterial."""
    return CLIENT_KEY_KIND.public(client_key, CLIENT_KEY).fingerprint
