"""Kubernetes objects as plain dicts, from the plan and public material. Pure.

Objects are dicts, never text templates; the order of keys and lists is fixed, and no clock or
random value enters, so that the same chain always gives the same objects.
"""

from collections.abc import Mapping
from typing import Any

Manifest = dict[str, Any]


def is_create_only(manifest: Mapping[str, Any]) -> bool:
    """Whether the object is written by POST alone and never changed: keys, register, genesis,
    volumes, and ConfigMaps named by their content."""
    return manifest["kind"] in ("Secret", "PersistentVolumeClaim") or bool(
        manifest.get("immutable")
    )
