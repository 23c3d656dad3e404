"""Private keys: their public side, and nothing else of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from consortium_operator.chain.inspected import Inspected
from consortium_operator.engines.fisco_bcos.identity import NODE_KEY
from consortium_operator.engines.fisco_bcos.inspection.certificates import key_name, tls_id
from consortium_operator.engines.fisco_bcos.keys import fingerprint
from consortium_operator.engines.fisco_bcos.suites.sm2_keys import Sm2, is_available
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.engines.protocol import InvalidMaterial

_PKCS8 = b"-----BEGIN PRIVATE KEY-----"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What a file with a private key is. `fingerprint`: None where it could not be read."""

    inspected: Inspected
    fingerprint: str | None


def inspect_key(path: str, content: bytes) -> KeyFile:
    """`path` also tells what the key is for: a node.pem must be a ledger key."""
    facts, problem = _facts(content)
    problems = [] if problem is None else [problem]
    is_node_key = path.rpartition("/")[2].rpartition(":")[2] == NODE_KEY
    if is_node_key and problem is None and "nodeId" not in facts:
        problems.append(
            "a node takes the number and forgets the curve: its node id would be another one"
        )
    if _PKCS8 not in content and problem is None:
        problems.append("it is no PKCS#8 key: convert it with `openssl pkcs8 -topk8 -nocrypt`")
    return KeyFile(
        Inspected(path, "private key", facts, tuple(problems)), facts.get("keyFingerprint")
    )


def _facts(content: bytes) -> tuple[dict[str, Any], str | None]:
    try:
        key = serialization.load_pem_private_key(
            content, password=None, unsafe_skip_rsa_key_validation=True
        )
    except TypeError:
        return {}, "it is encrypted: nodes take keys without a password"
    except (ValueError, UnsupportedAlgorithm):
        return _sm2(content)
    public = key.public_key()
    facts = {"key": key_name(key), "keyFingerprint": fingerprint(public)}
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256K1):
        point = public.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )[1:]
        facts |= {"nodeId": point.hex(), "address": STANDARD.address_of(point)}
    number = tls_id(public)
    return facts | ({"tlsId": number} if number is not None else {}), None


def _sm2(content: bytes) -> tuple[dict[str, Any], str | None]:
    if not is_available():
        return {}, "it cannot be read; the library for SM keys is not on this machine"
    files: Mapping[str, bytes] = {"the key": content}
    try:
        public = Sm2().public(files, "the key")
    except InvalidMaterial:
        return {}, "it cannot be read"
    return {
        "key": "SM2",
        "keyFingerprint": public.fingerprint,
        "nodeId": public.number,
        "tlsId": public.number,
        "address": SM.address_of(bytes.fromhex(public.number)),
    }, None
