"""Private key material on its way between a Secret and an engine, never anywhere else."""

import base64
from collections.abc import Iterator, Mapping


class PrivateFiles(Mapping[str, bytes]):
    """File name → content, as in a Secret's data. Shows nothing of it in repr, str or a log."""

    __slots__ = ("_files",)

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)

    def __getitem__(self, name: str) -> bytes:
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __repr__(self) -> str:
        return f"PrivateFiles({', '.join(sorted(self._files))}: redacted)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("private files are not pickled")

    def to_secret_data(self) -> dict[str, str]:
        """The `data` of a Secret: base64 of each file."""
        return {name: base64.b64encode(content).decode() for name, content in self._files.items()}

    @classmethod
    def from_secret_data(cls, data: Mapping[str, str] | None) -> "PrivateFiles":
        """Raises ValueError, without the content, where a value is not base64."""
        try:
            return cls({k: base64.b64decode(v, validate=True) for k, v in (data or {}).items()})
        except ValueError:
            raise ValueError("the Secret's data is not base64") from None
