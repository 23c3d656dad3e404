"""Authorities with SM2 keys: the node CAs of an SM chain.

No library puts such a certificate together, so its DER is written here (RFC 5280, section 4.1);
the parts that do not depend on the key are the library's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509

from consortium_operator.engines.fisco_bcos import der
from consortium_operator.engines.fisco_bcos.certificate_keys import CertificateKey
from consortium_operator.engines.fisco_bcos.suites.sm2_keys import (
    SM2_WITH_SM3,
    Sm2,
    Sm2PublicKey,
    sign,
)
from consortium_operator.engines.fisco_bcos.suites.suite import Contents, Extension
from consortium_operator.engines.protocol import InvalidMaterial

_VERSION_3 = der.explicit(0, der.integer(2))
_SIGNATURE_ALGORITHM = der.sequence(der.object_identifier(SM2_WITH_SM3))


@dataclass(frozen=True, slots=True, repr=False)
class _Signer:
    files: Mapping[str, bytes]
    name: str
    public_key: Sm2PublicKey

    def sign(self, contents: Contents) -> x509.Certificate:
        content = _to_be_signed(contents)
        signature = der.bit_string(sign(self.files, self.name, content))
        return x509.load_der_x509_certificate(
            der.sequence(content, _SIGNATURE_ALGORITHM, signature)
        )


class Sm2SigningKey:
    """Implements SigningKeyKind. A node loads its SM certificate without the CAs above it
    (bcos-gateway, GatewayFactory.cpp: use_certificate_file), so only a root may sign."""

    signs_intermediates = False

    def new(self) -> bytes:
        return Sm2().new()

    def load(self, files: Mapping[str, bytes], name: str) -> _Signer:
        public = Sm2().public(files, name)
        return _Signer(files, name, Sm2PublicKey(bytes.fromhex(public.number)))

    def check(self, key: CertificateKey, what: str) -> None:
        if not isinstance(key, Sm2PublicKey):
            raise InvalidMaterial(
                f"{what} is not on the curve SM2, which nodes of an SM chain want"
            )


def _to_be_signed(contents: Contents) -> bytes:
    if not isinstance(contents.key, Sm2PublicKey):
        raise TypeError("an SM2 authority signs for SM2 keys only")
    validity = contents.validity
    return der.sequence(
        _VERSION_3,
        der.integer(validity.serial),
        _SIGNATURE_ALGORITHM,
        contents.issuer.public_bytes(),
        der.sequence(der.time(validity.not_before), der.time(validity.not_after)),
        contents.subject.public_bytes(),
        contents.key.spki,
        der.explicit(3, der.sequence(*(_extension(one) for one in contents.extensions))),
    )


def _extension(extension: Extension) -> bytes:
    """`critical` is written only where it is not the default (DER)."""
    return der.sequence(
        der.object_identifier(extension.value.oid.dotted_string),
        *([der.boolean(True)] if extension.critical else []),
        der.octet_string(extension.value.public_bytes()),
    )
