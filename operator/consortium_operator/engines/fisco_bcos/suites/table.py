"""The two suites, by the value of spec.fiscoBcos.cryptography."""

from collections.abc import Mapping

from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.fisco_bcos.hashing import keccak256, sm3
from consortium_operator.engines.fisco_bcos.suites.rsa_keys import Rsa2048
from consortium_operator.engines.fisco_bcos.suites.secp256k1_keys import Secp256k1
from consortium_operator.engines.fisco_bcos.suites.sm2_keys import Sm2
from consortium_operator.engines.fisco_bcos.suites.sm2_signer import Sm2SigningKey
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite, Leaf, Use
from consortium_operator.engines.fisco_bcos.suites.x509_signer import X509SigningKey

_NODE, _CLIENT = AuthorityKind.NODE, AuthorityKind.CLIENT
_RSA, _SM2 = Rsa2048(), Sm2()

STANDARD = CryptoSuite(
    hash=keccak256,
    ledger=Secp256k1(),
    leaves=(Leaf("ssl.crt", "ssl.key", _RSA, "tls_public_key", _NODE, Use.PEER),),
    authorities={_NODE: X509SigningKey(), _CLIENT: X509SigningKey()},
    # RPC trusts ca.crt alone, P2P also the trust directory: with the client CA in ca.crt a
    # member's clients open its own nodes and no others.
    trusted={"ca.crt": _CLIENT},
)

# P2P speaks TLCP, with a certificate to sign and one to encrypt. JSON-RPC speaks TLS (config.ini
# rpc.sm_ssl=false), since hardly any client speaks TLCP: RSA, from the client CA, by which clients
# know the node too.
SM = CryptoSuite(
    hash=sm3,
    ledger=_SM2,
    leaves=(
        Leaf("sm_ssl.crt", "sm_ssl.key", _SM2, "sign_public_key", _NODE, Use.SIGN),
        Leaf("sm_enssl.crt", "sm_enssl.key", _SM2, "encrypt_public_key", _NODE, Use.ENCRYPT),
        Leaf("ssl.crt", "ssl.key", _RSA, "tls_public_key", _CLIENT, Use.SERVER),
    ),
    authorities={_NODE: Sm2SigningKey(), _CLIENT: X509SigningKey()},
    trusted={"ca.crt": _CLIENT, "sm_ca.crt": _NODE},
)

SUITES: Mapping[Cryptography, CryptoSuite] = {
    Cryptography.STANDARD: STANDARD,
    Cryptography.SM: SM,
}
