"""The public side of every key: what the register ConfigMaps hold.

A register entry is written after its Secret was read back, and never changes. From then on a
missing Secret is a loss to report, not a gap to fill.
"""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from enum import StrEnum


class RegisterError(ValueError):
    """A register ConfigMap lacks a field. Its message names the field."""


def _fields(data: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    missing = [name for name in names if not data.get(name)]
    if missing:
        raise RegisterError(f"the register entry lacks {', '.join(missing)}")
    return {name: data[name] for name in names}


@dataclass(frozen=True, slots=True)
class NodeRegister:
    """A node's public identity.

    `node_id`: 128 hex digits, the uncompressed public point of node.pem (what the genesis names).
    `tls_id`: what peers' allow and deny lists name: 512 hex digits, the RSA modulus; on an SM chain
    128, the public point of the key that signs. `tls_*`: the key that JSON-RPC shows.
    `sign_public_key`, `encrypt_public_key`: the two keys by which peers know the node of an SM
    chain; else empty. Fingerprints: sha256 over the DER SubjectPublicKeyInfo, hex.
    """

    node_id: str
    tls_id: str
    node_public_key: str
    tls_public_key: str
    node_fingerprint: str
    tls_fingerprint: str
    sign_public_key: str = ""
    encrypt_public_key: str = ""

    def to_data(self) -> dict[str, str]:
        """The ConfigMap's data."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> "NodeRegister":
        needed = tuple(f.name for f in fields(cls) if f.default is MISSING)
        optional = {f.name: data.get(f.name, "") for f in fields(cls) if f.default is not MISSING}
        return cls(**_fields(data, needed), **optional)


class AuthorityKind(StrEnum):
    """A member's two CAs: peers trust the one, the member's own RPC trusts the other."""

    NODE = "node-ca"
    CLIENT = "client-ca"


@dataclass(frozen=True, slots=True)
class AuthorityRegister:
    """A CA's public part.

    `certificate`: PEM of the self-signed root, which is what others trust. `subject_hash`: 8 hex
    digits, as `openssl x509 -subject_hash` of it. `fingerprint`: of the key that signs. `chain`:
    PEM of the certificates that a leaf is followed by where an intermediate CA signs; else empty.
    """

    certificate: str
    subject_hash: str
    fingerprint: str
    chain: str = ""

    def to_data(self) -> dict[str, str]:
        data = {
            "ca.crt": self.certificate,
            "subjectHash": self.subject_hash,
            "fingerprint": self.fingerprint,
        }
        return data | ({"chain.crt": self.chain} if self.chain else {})

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> "AuthorityRegister":
        found = _fields(data, ("ca.crt", "subjectHash", "fingerprint"))
        return cls(
            found["ca.crt"], found["subjectHash"], found["fingerprint"], data.get("chain.crt", "")
        )


@dataclass(frozen=True, slots=True)
class AccountRegister:
    """An account on the chain. `address`: 0x and 40 lower-case hex digits."""

    address: str
    fingerprint: str

    def to_data(self) -> dict[str, str]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> "AccountRegister":
        return cls(**_fields(data, ("address", "fingerprint")))
