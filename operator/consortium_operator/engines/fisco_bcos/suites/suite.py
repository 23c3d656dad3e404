"""What a cryptographic suite consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from cryptography import x509

from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.fisco_bcos.certificate_keys import CertificateKey
from consortium_operator.engines.fisco_bcos.keys import PublicKey
from consortium_operator.engines.protocol import Validity


class KeyKind(Protocol):
    """Private keys of one kind, as PEM files: PKCS#8, not encrypted."""

    def new(self) -> bytes: ...

    def public(self, files: Mapping[str, bytes], name: str) -> PublicKey:
        """The public side of the file `name`. Raises InvalidMaterial for another kind of key."""
        ...


class LedgerKeyKind(KeyKind, Protocol):
    """Keys that sign blocks and transactions: those of nodes and accounts."""

    def sign(self, files: Mapping[str, bytes], name: str, digest: bytes) -> bytes:
        """A signature over 32 bytes, in the form that nodes take. Raises InvalidMaterial."""
        ...

    def signer(self, digest: bytes, signature: bytes) -> bytes:
        """Whose signature it is: the public point, 64 bytes. Raises ValueError."""
        ...


class TlsKeyKind(KeyKind, Protocol):
    """Keys that certificates are issued for."""

    def load_public(self, pem: str, name: str) -> CertificateKey:
        """From PEM. `name`: what messages call it. Raises InvalidMaterial."""
        ...


@dataclass(frozen=True, slots=True)
class Extension:
    value: x509.ExtensionType
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """What a certificate says."""

    subject: x509.Name
    issuer: x509.Name
    key: CertificateKey
    validity: Validity
    extensions: tuple[Extension, ...]


class Signer(Protocol):
    """An authority's key, ready to sign."""

    @property
    def public_key(self) -> CertificateKey: ...

    def sign(self, contents: Contents) -> x509.Certificate: ...


class SigningKeyKind(Protocol):
    """Keys of authorities, of the kinds that nodes verify."""

    @property
    def signs_intermediates(self) -> bool:
        """Whether nodes accept a certificate that an intermediate CA signed."""
        ...

    def new(self) -> bytes: ...

    def load(self, files: Mapping[str, bytes], name: str) -> Signer:
        """Raises InvalidMaterial for a key of another kind."""
        ...

    def check(self, key: CertificateKey, what: str) -> None:
        """Raises InvalidMaterial for a key of another kind. `what`: the certificate's name."""
        ...


class Use(Enum):
    """What a certificate is for."""

    PEER = auto()  # server and client to other nodes, and JSON-RPC's server
    SERVER = auto()
    CLIENT = auto()
    SIGN = auto()  # the two of TLCP, each for both ends of a connection
    ENCRYPT = auto()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One of a node's TLS certificates, and its key. `certificate` and `key` are files in conf/;
    `recorded`: the field of NodeRegister that holds the public key."""

    certificate: str
    key: str
    kind: TlsKeyKind
    recorded: str
    issuer: AuthorityKind
    use: Use


@dataclass(frozen=True, slots=True, eq=False)
class CryptoSuite:
    """`hash`: of the ledger, 32 bytes. `ledger`: what node.pem and accounts are.

    `leaves`: a node's TLS certificates. The first is what peers see, so that its key's number is
    the node's TLS id; the last is what JSON-RPC shows. `authorities`: what keys they have.
    `trusted`: file in conf/ → whose certificate a node finds there, beside the trust directory.
    """

    hash: Callable[[bytes], bytes]
    ledger: LedgerKeyKind
    leaves: tuple[Leaf, ...]
    authorities: Mapping[AuthorityKind, SigningKeyKind]
    trusted: Mapping[str, AuthorityKind]

    def address_of(self, point: bytes) -> str:
        """The account of a public key: 0x and 40 lower-case hex digits.

        `point`: 64 bytes, the uncompressed public point without its leading 04.
        """
        return "0x" + self.hash(point)[-20:].hex()

    def selector(self, signature: str) -> bytes:
        """The four bytes that call a contract's function: `name(type,…)`."""
        return self.hash(signature.encode())[:4]
