"""A directory of identities: the keys, certificates and the founding of one chain.

It holds objects of Kubernetes, Secrets below `secrets/` and ConfigMaps below `manifests/`, one a
file; so what a render wrote, or what `kubectl get --output yaml` told, can serve as well. It is
only ever added to. The one thing that is replaced is a client's certificate, which is renewed in
place and public.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from consortium_operator.chain.naming import CHAIN_LABEL, PART_LABEL, ChainKey, ChildPart
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET
from consortium_operator.manifests import Manifest
from consortium_operator.offline.documents import read_documents
from consortium_operator.offline.output import File, write_directory, write_new
from consortium_operator.offline.rendering import Rendering
from consortium_operator.offline.yaml_text import to_yaml

SECRETS, MANIFESTS = "secrets", "manifests"

_RENEWED = {ChildPart.CLIENT, ChildPart.OPERATOR_CLIENT}
_CONFIG_MAPS = {ChildPart.REGISTER, ChildPart.GENESIS, ChildPart.CERTIFICATE, *_RENEWED}
_SUFFIXES = (".yaml", ".yml", ".json")
_OF_THE_SERVER = "kubectl.kubernetes.io/last-applied-configuration"


class Unusable(Exception):
    """Why a directory cannot be taken for the chain's identities. `reasons`: one sentence each."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))


def file_name(obj: Manifest) -> str:
    """Where an object is written: its path below the directory."""
    kind, name = obj["kind"], obj["metadata"]["name"]
    if kind == SECRET.kind:
        return f"{SECRETS}/{name}.yaml"
    return f"{MANIFESTS}/{kind.lower()}-{name}.yaml"


def file_of(obj: Manifest) -> File:
    return File(to_yaml(obj).encode(), is_private=obj["kind"] == SECRET.kind)


def load(directory: Path, chain: ChainKey) -> tuple[Manifest, ...]:
    """What the directory keeps of the chain; nothing where there is no directory yet. Objects that
    are no identities are passed over. Raises Unusable."""
    if not directory.exists():
        return ()
    if not directory.is_dir():
        raise Unusable([f"{directory} is a file: name a directory"])
    found: dict[str, Manifest] = {}
    reasons: list[str] = []
    files = [*_files(directory / MANIFESTS), *_files(directory / SECRETS)]
    if not files and any(directory.iterdir()):
        reasons.append(
            f"{directory} holds neither {SECRETS}/ nor {MANIFESTS}/: it is no directory of "
            "identities"
        )
    for path in files:
        for obj in _objects(path, chain, reasons):
            name = file_name(obj)
            is_own_file = path == directory / name
            if name not in found or (is_own_file and _part(obj) in _RENEWED):
                found[name] = obj
            elif found[name] != obj and _part(obj) not in _RENEWED:
                reasons.append(f"{path} and another file tell differently of {name}: remove one")
    if reasons:
        raise Unusable(reasons)
    return tuple(found[name] for name in sorted(found))


def add(directory: Path, kept: Iterable[Manifest], rendering: Rendering) -> None:
    """Adds what the rendering made to `kept`, which was loaded from the directory. Secrets go
    first, then what says that they exist. Raises OSError."""
    objects = {file_name(one): one for one in (*rendering.secrets, *_public(rendering))}
    known = {file_name(one): one for one in kept}
    fresh = {name: one for name, one in objects.items() if known.get(name) != one}
    if not directory.exists() or not any(directory.iterdir()):
        tree = {name: file_of(one) for name, one in objects.items()}
        write_directory(directory, tree, frozenset({".", SECRETS}))
        return
    if not fresh:
        return
    for folder, mode in ((SECRETS, 0o700), (MANIFESTS, 0o755)):
        (directory / folder).mkdir(mode=mode, exist_ok=True)
    for name, one in sorted(fresh.items(), key=lambda item: _precedence(item[1])):
        if name in known and _part(one) in _RENEWED:
            _replace(directory / name, file_of(one))
        else:
            write_new(directory / name, file_of(one))


def readable_by_others(directory: Path) -> list[Path]:
    """Files below secrets/ that more than their owner may read."""
    return [path for path in _files(directory / SECRETS) if path.stat().st_mode & 0o077]


def _public(rendering: Rendering) -> list[Manifest]:
    return [
        one
        for one in rendering.manifests
        if one["kind"] == CONFIG_MAP.kind and _part(one) in _CONFIG_MAPS
    ]


def _precedence(obj: Manifest) -> tuple[bool, bool, str]:
    """As in a cluster: Secrets, what registers them, and at last the genesis."""
    return obj["kind"] != SECRET.kind, _part(obj) == ChildPart.GENESIS, file_name(obj)


def _replace(path: Path, file: File) -> None:
    staged = path.with_name(f".{path.name}.new")
    staged.unlink(missing_ok=True)
    write_new(staged, file)
    os.replace(staged, path)


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return sorted(
        path
        for path in directory.iterdir()
        if path.suffix in _SUFFIXES and not path.name.startswith(".")
    )


def _objects(path: Path, chain: ChainKey, reasons: list[str]) -> Iterator[Manifest]:
    """The identities in a file, as they were written first: without what a server added."""
    try:
        reading = read_documents(path.read_bytes())
    except OSError as error:
        reasons.append(f"{path}: {error.strerror}")
        return
    reasons += [f"{path}, line {fault.line}: {fault.message}" for fault in reading.faults]
    for document in reading.documents:
        value = document.value
        if not isinstance(value, dict) or value.get("kind") not in (SECRET.kind, CONFIG_MAP.kind):
            continue
        complaint = _complaint(value, chain)
        if complaint is not None:
            reasons.append(f"{path}: {complaint}")
        elif value["kind"] == SECRET.kind or _part(value) in _CONFIG_MAPS:
            yield _as_written(value, chain)


def _complaint(value: Manifest, chain: ChainKey) -> str | None:
    metadata, data = value.get("metadata"), value.get("data")
    if not isinstance(metadata, dict) or not _is_file_name(metadata.get("name")):
        return "an object without a name"
    labels = metadata.get("labels") or {}
    texts = (labels, metadata.get("annotations") or {}, data or {})
    if not all(isinstance(one, dict) and all(map(_is_text, one.values())) for one in texts):
        return f"{value['kind']} {metadata['name']} holds what is no text"
    namespace = metadata.get("namespace") or chain.namespace
    owner = ChainKey(namespace, labels.get(CHAIN_LABEL, chain.name))
    if owner != chain:
        return (
            f"{value['kind']} {metadata['name']} is of the chain {owner}, and the file is of "
            f"{chain}: every chain has identities of its own"
        )
    return None


def _as_written(value: Manifest, chain: ChainKey) -> Manifest:
    metadata = value["metadata"]
    written = {"name": metadata["name"], "namespace": chain.namespace}
    for name in ("labels", "annotations"):
        kept = {k: v for k, v in (metadata.get(name) or {}).items() if k != _OF_THE_SERVER}
        if kept:
            written[name] = kept
    found = {"apiVersion": "v1", "kind": value["kind"], "metadata": written}
    for name in ("type", "immutable"):
        if name in value:
            found[name] = value[name]
    return found | {"data": dict(sorted((value.get("data") or {}).items()))}


def _part(obj: Manifest) -> str | None:
    part: str | None = (obj["metadata"].get("labels") or {}).get(PART_LABEL)
    return part


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_file_name(value: object) -> bool:
    return isinstance(value, str) and bool(value) and "/" not in value and value[0] != "."
