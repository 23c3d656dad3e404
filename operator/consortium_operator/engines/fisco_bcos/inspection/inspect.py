"""Which file is what. By content, so that names do not matter."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from consortium_operator.chain.inspected import Inspected
from consortium_operator.engines.fisco_bcos import ini
from consortium_operator.engines.fisco_bcos.inspection import settings
from consortium_operator.engines.fisco_bcos.inspection.certificates import (
    Located,
    Surroundings,
    inspect_certificate,
    locate,
)
from consortium_operator.engines.fisco_bcos.inspection.keys import inspect_key

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_PRIVATE_KEY = b"PRIVATE KEY-----"


def inspect(files: Mapping[str, bytes], now: datetime) -> tuple[Inspected, ...]:
    """Everything that is known among `files` (path → content), in the order of their paths."""
    located: list[Located] = []
    found: list[Inspected] = []
    key_files: dict[str, str] = {}
    for path, content in sorted(files.items()):
        if _CERTIFICATE in content:
            try:
                located += locate(path, content)
            except ValueError:
                found.append(Inspected(path, "certificate", {}, ("it is no readable PEM",)))
        if _PRIVATE_KEY in content:
            key = inspect_key(path, content)
            found.append(key.inspected)
            if key.fingerprint is not None:
                key_files.setdefault(key.fingerprint, path)
        elif _CERTIFICATE not in content:
            found += _settings(path, content)
    around = Surroundings(located, key_files, now)
    found += [inspect_certificate(one, around) for one in located]
    return tuple(sorted(found, key=lambda one: (one.path, one.kind)))


def _settings(path: str, content: bytes) -> Iterator[Inspected]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    name = path.rpartition("/")[2].rpartition(":")[2]
    if name == "nodes.json" or (text.lstrip().startswith("{") and '"nodes"' in text):
        yield settings.inspect_peers(path, text)
        return
    known = settings.kind_of(path, text)
    if known is None:
        return
    kind, sections = known
    if kind == settings.GENESIS:
        yield settings.inspect_genesis(path, text)
        return
    try:
        ini.parse(text)
    except ini.InvalidIni as error:
        yield Inspected(path, kind, {}, (f"{error}: a node refuses to start",))
    else:
        yield settings.inspect_config(path, sections)
