"""Fingerprints of objects: how drift is seen without keeping or fetching the objects.

The operator remembers the digest of what its own write returned and compares it with what the
watch shows later. Pure.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# Not content: identity is in the key, status belongs to controllers, and of the metadata only
# the four entries below are anybody's wish.
_NOT_CONTENT = {"apiVersion", "kind", "metadata", "status"}


def digest_of(value: Any) -> str:
    """SHA-256 in hex of a JSON value, the same for every order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def object_digest(obj: Mapping[str, Any]) -> str:
    """The digest of what a person or controller could have changed in `obj`.

    Covers uid, labels, annotations, owners and everything beside metadata and status (spec,
    data, immutable, type, …). Bookkeeping of the server (resourceVersion, generation,
    managedFields, time stamps) is left out, so a write that changes nothing keeps the digest.
    """
    metadata = obj.get("metadata") or {}
    content = {name: value for name, value in obj.items() if name not in _NOT_CONTENT}
    return digest_of(
        {
            "uid": metadata.get("uid"),
            "labels": metadata.get("labels") or {},
            "annotations": metadata.get("annotations") or {},
            "owners": sorted(owner_uids(obj)),
            "content": content,
        }
    )


def owner_uids(obj: Mapping[str, Any]) -> tuple[str, ...]:
    """The uids of an object's owners, in the object's order."""
    owners = (obj.get("metadata") or {}).get("ownerReferences") or ()
    return tuple(owner["uid"] for owner in owners)
