"""RSA-2048: the TLS keys of nodes and clients, in both suites what JSON-RPC shows."""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from consortium_operator.engines.fisco_bcos.keys import (
    PublicKey,
    fingerprint,
    load_pkcs8,
    load_public_key,
    pkcs8,
    public_pem,
)
from consortium_operator.engines.protocol import InvalidMaterial

BITS = 2048
"""Exactly: the nodes' allow and deny lists name a modulus of 512 hex digits (GatewayConfig.cpp)."""


class Rsa2048:
    """Implements KeyKind."""

    def new(self) -> bytes:
        return pkcs8(rsa.generate_private_key(public_exponent=65537, key_size=BITS))

    def public(self, files: Mapping[str, bytes], name: str) -> PublicKey:
        key = load_pkcs8(files, name, is_ours=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise InvalidMaterial(f"{name} is no RSA key: RSA with {BITS} bits is wanted")
        public = _check(key.public_key(), name)
        _check_numbers(key.private_numbers(), name)
        modulus = f"{public.public_numbers().n:0{BITS // 4}x}"
        return PublicKey(public_pem(public), fingerprint(public), modulus)

    def load_public(self, pem: str, name: str) -> rsa.RSAPublicKey:
        return _check(load_public_key(pem, name), name)


def _check(key: PublicKeyTypes, name: str) -> rsa.RSAPublicKey:
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidMaterial(f"{name} is no RSA key: RSA with {BITS} bits is wanted")
    if key.key_size != BITS:
        raise InvalidMaterial(f"{name} has {key.key_size} bits: RSA with {BITS} is wanted")
    return key


def _check_numbers(numbers: rsa.RSAPrivateNumbers, name: str) -> None:
    """All that OpenSSL checks but that p and q are primes."""
    p, q, d = numbers.p, numbers.q, numbers.d
    n, e = numbers.public_numbers.n, numbers.public_numbers.e
    consistent = (
        1 < p < n
        and p * q == n
        and all(d * e % (prime - 1) == 1 for prime in (p, q))
        and (numbers.dmp1, numbers.dmq1) == (d % (p - 1), d % (q - 1))
        and numbers.iqmp * q % p == 1
    )
    if not consistent:
        raise InvalidMaterial(f"{name} contradicts itself: its numbers are not of one RSA key")
