"""The two suites, by the value of spec.fiscoBcos.cryptography."""

from collections.abc import Mapping

from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.engines.fisco_bcos.hashing import keccak256, sm3
from consortium_operator.engines.fisco_bcos.suites.secp256k1_keys import Secp256k1
from consortium_operator.engines.fisco_bcos.suites.sm2_keys import Sm2
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite

STANDARD = CryptoSuite(hash=keccak256, ledger=Secp256k1())
SM = CryptoSuite(hash=sm3, ledger=Sm2())

SUITES: Mapping[Cryptography, CryptoSuite] = {
    Cryptography.STANDARD: STANDARD,
    Cryptography.SM: SM,
}
