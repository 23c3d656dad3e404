"""The two kinds of object that hold files: Secrets for private ones, ConfigMaps for public ones."""

from collections.abc import Iterable, Mapping
from typing import Any

from consortium_operator.chain.files import NodeFile, Source
from consortium_operator.chain.naming import content_hash
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.manifests import Manifest

OPAQUE = "Opaque"
TLS = "kubernetes.io/tls"


def key_secret(metadata: dict[str, Any], files: PrivateFiles, kind: str = OPAQUE) -> Manifest:
    """Immutable: a key is never overwritten, not even by a mistake of ours."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": kind,
        "immutable": True,
        "data": dict(sorted(files.to_secret_data().items())),
    }


def immutable_config_map(metadata: dict[str, Any], data: Mapping[str, str]) -> Manifest:
    return config_map(metadata, data) | {"immutable": True}


def config_map(metadata: dict[str, Any], data: Mapping[str, str]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": dict(sorted(data.items())),
    }


def file_data(files: Iterable[NodeFile], source: Source) -> dict[str, str]:
    """Key → content of the public files that one source keeps."""
    return {
        file.key: file.content
        for file in files
        if file.source is source and file.content is not None
    }


def data_hash(data: Mapping[str, str]) -> str:
    """Stands for `data` in the name of an immutable ConfigMap."""
    return content_hash(*(part for item in sorted(data.items()) for part in item))
