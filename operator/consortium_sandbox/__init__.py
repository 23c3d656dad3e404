"""A real Kubernetes cluster without Docker, and a stand-in node to run on it.

This package imports nothing of `consortium_operator`: what the operator misreads in a node's
documentation must not be misread the same way by the node that tests it.

The names below are loaded when they are first used: the stand-in node lives in this package too,
and its image carries neither the sandbox nor what the sandbox needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consortium_sandbox.backend import ComponentStatus, SandboxStatus
    from consortium_sandbox.errors import SandboxError, SandboxUnsupportedError
    from consortium_sandbox.go_tools import tool_path
    from consortium_sandbox.images.catalogue import ImageSet
    from consortium_sandbox.images.oci import Image
    from consortium_sandbox.sandbox import Sandbox

__all__ = [
    "ComponentStatus",
    "Image",
    "ImageSet",
    "Sandbox",
    "SandboxError",
    "SandboxStatus",
    "SandboxUnsupportedError",
    "tool_path",
]

_HOME = {
    "ComponentStatus": "backend",
    "Image": "images.oci",
    "ImageSet": "images.catalogue",
    "Sandbox": "sandbox",
    "SandboxError": "errors",
    "SandboxStatus": "backend",
    "SandboxUnsupportedError": "errors",
    "tool_path": "go_tools",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
