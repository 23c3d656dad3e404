"""Packs texts into a .tar.gz: the same bytes for the same texts, whoever packs them and when."""

import gzip
import io
import tarfile
from collections.abc import Mapping


def pack(directory: str, files: Mapping[str, str]) -> bytes:
    """`files`: path below `directory` → text."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(files):
            content = files[name].encode()
            entry = tarfile.TarInfo(f"{directory}/{name}")
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
