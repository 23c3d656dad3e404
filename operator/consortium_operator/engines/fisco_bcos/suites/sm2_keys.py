"""SM2: the ledger and P2P keys of an SM chain. The primitives are tongsuopy's.

The library is loaded when a key is first touched: most operators never see an SM chain.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from consortium_operator.engines.fisco_bcos import der
from consortium_operator.engines.fisco_bcos.keys import (
    PublicKey,
    check_pkcs8,
    pem_of,
    read_file,
    sha256_hex,
)
from consortium_operator.engines.protocol import InvalidMaterial

SM2_WITH_SM3 = "1.2.156.10197.1.501"
"""The signature algorithm of certificates (GM/T 0006)."""

_ALGORITHM = der.sequence(
    der.object_identifier("1.2.840.10045.2.1"),  # id-ecPublicKey
    der.object_identifier("1.2.156.10197.1.301"),  # the curve
)
_UNCOMPRESSED = b"\x04"
_POINT_LENGTH = 64
_NUMBER_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Sm2PublicKey:
    """`point`: 64 bytes, the uncompressed point without its leading 04."""

    point: bytes

    @property
    def encoded(self) -> bytes:
        return _UNCOMPRESSED + self.point

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return der.sequence(_ALGORITHM, der.bit_string(self.encoded))

    @property
    def public(self) -> PublicKey:
        spki = self.spki
        return PublicKey(pem_of(spki, "PUBLIC KEY"), sha256_hex(spki), self.point.hex())

    @classmethod
    def from_spki(cls, spki: bytes) -> "Sm2PublicKey":
        """Raises ValueError for another kind of key, or a point off the curve."""
        algorithm, bits = der.split(der.content_of(spki))
        encoded = der.content_of(bits)[1:]
        if algorithm != _ALGORITHM or not is_available() or not _is_on_curve(encoded):
            raise ValueError("no public key on the curve SM2")
        return cls(encoded[1:])


class Sm2:
    """Implements LedgerKeyKind. Signatures: r, s and the public point, of 32, 32 and 64 bytes,
    since an SM2 signature does not tell who made it."""

    def new(self) -> bytes:
        key = _library().ec.generate_private_key(_library().curve)
        return _pkcs8(key)

    def public(self, files: Mapping[str, bytes], name: str) -> PublicKey:
        return Sm2PublicKey(_point_of(_load(files, name))).public

    def load_public(self, pem: str, name: str) -> Sm2PublicKey:
        try:
            return Sm2PublicKey.from_spki(_from_pem(pem))
        except ValueError:
            raise InvalidMaterial(f"{name} is no public key on the curve SM2") from None

    def sign(self, files: Mapping[str, bytes], name: str, digest: bytes) -> bytes:
        """Random: SM2 has no agreed way to derive the nonce."""
        key = _load(files, name)
        numbers = der.integers_of(_sign(key, digest))
        raw = b"".join(number.to_bytes(_NUMBER_LENGTH, "big") for number in numbers)
        return raw + _point_of(key)

    def signer(self, digest: bytes, signature: bytes) -> bytes:
        if len(signature) != 2 * _NUMBER_LENGTH + _POINT_LENGTH:
            raise ValueError(f"a signature has {2 * _NUMBER_LENGTH + _POINT_LENGTH} bytes")
        point = signature[2 * _NUMBER_LENGTH :]
        r, s = signature[:_NUMBER_LENGTH], signature[_NUMBER_LENGTH : 2 * _NUMBER_LENGTH]
        encoded = der.sequence(*(der.integer(int.from_bytes(number, "big")) for number in (r, s)))
        if not verify(point, encoded, digest):
            raise ValueError("the key that is named did not make this signature")
        return point


def is_available() -> bool:
    """Whether this machine has the library: it is not built for every kind."""
    try:
        _library()
    except ImportError:
        return False
    return True


def sign(files: Mapping[str, bytes], name: str, content: bytes) -> bytes:
    """SM2 over SM3 of the content with the default id, which is what TASSL verifies certificates
    with (crypto/evp/m_sigver.c). DER: a sequence of r and s."""
    return _sign(_load(files, name), content)


def verify(point: bytes, signature: bytes, content: bytes) -> bool:
    """Whether `signature` (DER) over `content` is that of the key with this point."""
    library = _library()
    try:
        key = library.ec.EllipticCurvePublicKey.from_encoded_point(
            library.curve, _UNCOMPRESSED + point
        )
        key.verify(signature, content, library.with_sm3)
    except (ValueError, library.InvalidSignature, library.InternalError):
        return False
    return True


class _Library:
    """The parts of tongsuopy in use. It has no types of its own."""

    def __init__(self) -> None:
        self.ec: Any = import_module("tongsuopy.crypto.asymciphers.ec")
        self.serialization: Any = import_module("tongsuopy.crypto.serialization")
        hashes: Any = import_module("tongsuopy.crypto.hashes")
        exceptions: Any = import_module("tongsuopy.crypto.exceptions")
        # The package's own code is pure Python; this is the part that a machine may lack.
        import_module("tongsuopy.backends.tongsuo")
        self.InvalidSignature: type[Exception] = exceptions.InvalidSignature
        self.InternalError: type[Exception] = exceptions.InternalError
        self.UnsupportedAlgorithm: type[Exception] = exceptions.UnsupportedAlgorithm
        self.curve = self.ec.SM2()
        self.with_sm3 = self.ec.ECDSA(hashes.SM3())


@cache
def _library() -> _Library:
    return _Library()


def _load(files: Mapping[str, bytes], name: str) -> Any:
    """A node takes the number alone, whatever curve and public point stand beside it."""
    library = _library()
    content = read_file(files, name)
    check_pkcs8(content, name)
    try:
        key = library.serialization.load_pem_private_key(content, None)
    except library.UnsupportedAlgorithm:
        raise InvalidMaterial(f"{name} is no key on the curve SM2, which is wanted") from None
    except (ValueError, library.InternalError):
        raise InvalidMaterial(f"{name} is no readable PEM private key") from None
    derived = library.ec.derive_private_key(key.private_numbers().private_value, library.curve)
    if _point_of(derived) != _point_of(key):
        raise InvalidMaterial(f"{name} has a public part that does not match")
    return key


def _from_pem(pem: str) -> bytes:
    """The DER of a PEM public key. Raises ValueError."""
    begin, end = (f"-----{word} PUBLIC KEY-----" for word in ("BEGIN", "END"))
    if not pem.startswith(begin) or not pem.rstrip().endswith(end):
        raise ValueError("no PEM public key")
    text = pem.removeprefix(begin).rstrip().removesuffix(end)
    return base64.b64decode("".join(text.split()), validate=True)


def _sign(key: Any, content: bytes) -> bytes:
    signature: bytes = key.sign(content, _library().with_sm3)
    return signature


def _is_on_curve(encoded: bytes) -> bool:
    library = _library()
    if len(encoded) != 1 + _POINT_LENGTH or encoded[:1] != _UNCOMPRESSED:
        return False
    try:
        library.ec.EllipticCurvePublicKey.from_encoded_point(library.curve, encoded)
    except ValueError:
        return False
    return True


def _point_of(key: Any) -> bytes:
    forms = _library().serialization
    point: bytes = key.public_key().public_bytes(
        forms.Encoding.X962, forms.PublicFormat.UncompressedPoint
    )
    return point[1:]


def _pkcs8(key: Any) -> bytes:
    forms = _library().serialization
    pem: bytes = key.private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
    )
    return pem
