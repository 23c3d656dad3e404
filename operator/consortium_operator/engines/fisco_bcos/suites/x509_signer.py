"""Authorities with RSA or ECDSA keys: both of a Standard chain's, and an SM chain's client CA."""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from consortium_operator.engines.fisco_bcos.certificate_keys import CertificateKey
from consortium_operator.engines.fisco_bcos.keys import load_key, pkcs8
from consortium_operator.engines.fisco_bcos.suites.sm2_keys import Sm2PublicKey
from consortium_operator.engines.fisco_bcos.suites.suite import Contents
from consortium_operator.engines.protocol import InvalidMaterial

_RSA_MIN_BITS = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


@dataclass(frozen=True, slots=True, repr=False)
class _Signer:
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @property
    def public_key(self) -> CertificateKey:
        return self.key.public_key()

    def sign(self, contents: Contents) -> x509.Certificate:
        if isinstance(contents.key, Sm2PublicKey):
            raise TypeError("only an SM2 authority signs for SM2 keys")
        builder = (
            x509.CertificateBuilder()
            .subject_name(contents.subject)
            .issuer_name(contents.issuer)
            .public_key(contents.key)
            .serial_number(contents.validity.serial)
            .not_valid_before(contents.validity.not_before)
            .not_valid_after(contents.validity.not_after)
        )
        for extension in contents.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        return builder.sign(self.key, hashes.SHA256())


class X509SigningKey:
    """Implements SigningKeyKind. What is made here is ECDSA P-256, which costs next to nothing and
    which nodes of 3.16.4 were seen to accept over RSA leafs; a member may bring others."""

    signs_intermediates = True

    def new(self) -> bytes:
        return pkcs8(ec.generate_private_key(ec.SECP256R1()))

    def load(self, files: Mapping[str, bytes], name: str) -> _Signer:
        key = load_key(files, name)
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise InvalidMaterial(_OTHER.format(name))
        self.check(key.public_key(), name)
        return _Signer(key)

    def check(self, key: CertificateKey, what: str) -> None:
        if isinstance(key, rsa.RSAPublicKey):
            if key.key_size < _RSA_MIN_BITS:
                raise InvalidMaterial(
                    f"{what} has {key.key_size} bits: at least {_RSA_MIN_BITS} are wanted"
                )
        elif not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, _CURVES):
            raise InvalidMaterial(_OTHER.format(what))


_OTHER = "{} is neither RSA nor ECDSA on P-256, P-384 or P-521"
