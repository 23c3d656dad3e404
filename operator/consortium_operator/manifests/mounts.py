"""From a node's files to the volumes and mounts of its pod.

One projected volume for each directory, whatever object its files are kept in. Nothing is mounted
by subPath: such a file would never see a change, and the peers and trust directories live by that.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from consortium_operator.chain.files import NodeFile, Process, Source

DATA_VOLUME = "data"

# Read by the owner and the pod's fsGroup, which the process runs with.
READ_ONLY_MODE = 0o440


def file_volumes(files: Sequence[NodeFile], sources: Mapping[Source, str]) -> list[dict[str, Any]]:
    """`sources`: name of the object that keeps the files of each source."""
    return [
        {
            "name": _volume_name(directory),
            "projected": {
                "defaultMode": READ_ONLY_MODE,
                "sources": [
                    _projection(source, sources[source], list(group))
                    for source, group in groupby(found, key=lambda file: file.source)
                ],
            },
        }
        for directory, found in _by_directory(files)
    ]


def file_mounts(files: Sequence[NodeFile], process: Process) -> list[dict[str, Any]]:
    return [
        {
            "name": _volume_name(directory),
            "mountPath": f"{process.files_dir}/{directory}".rstrip("/"),
            "readOnly": True,
        }
        for directory, _ in _by_directory(files)
    ]


def _by_directory(files: Sequence[NodeFile]) -> list[tuple[str, list[NodeFile]]]:
    ordered = sorted(files, key=lambda file: (file.directory, file.source, file.key))
    return [
        (directory, list(group)) for directory, group in groupby(ordered, key=lambda f: f.directory)
    ]


def _volume_name(directory: str) -> str:
    return "-".join(["files", *filter(None, directory.split("/"))])


def _projection(source: Source, name: str, files: list[NodeFile]) -> dict[str, Any]:
    """Without items the whole object is the directory: what is added to it appears there."""
    kind = "secret" if source.is_private else "configMap"
    items = [{"key": file.key, "path": file.key} for file in files if file.key]
    return {kind: {"name": name} | ({"items": items} if items else {})}
