"""INI files as Boost property_tree reads them, mistakes and silences included.

The node reads config.ini and config.genesis with boost::property_tree::ini_parser. Its dialect is
stricter than Python's configparser where it parses (a line without `=`, a duplicate) and more
forgiving where it converts: a typed getter with a default swallows every bad value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from consortium_sandbox.node.failure import StartFailed

_SPACE = " \t\n\v\f\r"
_NUMBER = re.compile(r"[+-]?[0-9]+")
_T = TypeVar("_T")


class BadValue(Exception):
    """A typed getter could not convert the text."""


class Tree:
    """A parsed file: sections of keys, both in the order of the file."""

    def __init__(self, sections: Mapping[str, Mapping[str, str]]) -> None:
        self._sections = {name: dict(keys) for name, keys in sections.items()}

    def section(self, name: str) -> dict[str, str]:
        """All keys of a section in file order; empty where there is no such section."""
        return dict(self._sections.get(name, {}))

    def without(self, paths: Iterable[str]) -> Tree:
        """The same file without the keys at `section.key`."""
        gone = set(paths)
        return Tree(
            {
                name: {key: text for key, text in keys.items() if f"{name}.{key}" not in gone}
                for name, keys in self._sections.items()
            }
        )

    def has_section(self, name: str) -> bool:
        return name in self._sections

    def find(self, path: str) -> str | None:
        """The text at `section.key`. A key that itself holds a dot cannot be reached this way."""
        section, _, key = path.partition(".")
        if "." in key:
            return None
        return self._sections.get(section, {}).get(key)

    def text(self, path: str, default: str) -> str:
        found = self.find(path)
        return default if found is None else found

    def boolean(self, path: str, default: bool) -> bool:
        found = self.find(path)
        return default if found is None else _or_default(to_bool, found, default)

    def optional_boolean(self, path: str) -> bool | None:
        """None where the key is absent *or* its value is no boolean: `False` counts as absent."""
        found = self.find(path)
        try:
            return None if found is None else to_bool(found)
        except BadValue:
            return None

    def integer(self, path: str, default: int, *, bits: int = 32) -> int:
        """A signed integer; what does not fit or is followed by anything is the default."""
        return self._number(path, default, _signed, bits)

    def unsigned(self, path: str, default: int, *, bits: int = 32) -> int:
        """As C++ streams read unsigned numbers: a negative one wraps around."""
        return self._number(path, default, _unsigned, bits)

    def _number(
        self, path: str, default: int, convert: Callable[[str, int], int], bits: int
    ) -> int:
        found = self.find(path)
        if found is None:
            return default
        return _or_default(lambda text: convert(text, bits), found, default)

    def required_text(self, path: str) -> str:
        found = self.find(path)
        if found is None:
            raise StartFailed(f"No such node ({path})", kind="boost::property_tree::ptree_bad_path")
        return found

    def required_unsigned(self, path: str, *, bits: int = 32) -> int:
        try:
            return _unsigned(self.required_text(path), bits)
        except BadValue:
            raise bad_data("t") from None

    def checked_integer(self, path: str, default: str) -> int:
        """The node's own checkAndGetValue: a bad number stops the node."""
        value = self.text(path, default)
        if not _NUMBER.fullmatch(value) or not -(2**63) <= int(value) < 2**63:
            raise StartFailed(
                f"Invalid value {value} for configuration {path}, "
                "please set the value with a valid number"
            )
        return int(value)


def bad_data(type_letter: str) -> StartFailed:
    """What a getter without a default throws for text of the wrong type."""
    return StartFailed(
        f'conversion of data to type "{type_letter}" failed',
        kind="boost::property_tree::ptree_bad_data",
    )


def to_bool(text: str) -> bool:
    """`true`, `false`, `1` or `0`, nothing else, in lower case."""
    if text in ("true", "false"):
        return text == "true"
    match = _NUMBER.fullmatch(text)
    if match and int(text) in (0, 1):
        return int(text) == 1
    raise BadValue(text)


def _signed(text: str, bits: int) -> int:
    if not _NUMBER.fullmatch(text) or not -(1 << (bits - 1)) <= int(text) < 1 << (bits - 1):
        raise BadValue(text)
    return int(text)


def _unsigned(text: str, bits: int) -> int:
    if not _NUMBER.fullmatch(text) or abs(int(text)) >= 1 << bits:
        raise BadValue(text)
    return int(text) % (1 << bits)


def _or_default(convert: Callable[[str], _T], text: str, default: _T) -> _T:
    try:
        return convert(text)
    except BadValue:
        return default


def parse_file(path: str) -> Tree:
    """Read and parse a file.

    Raises StartFailed as the parser does: `<path>(<line>): <message>`.
    """
    try:
        content = Path(path).read_bytes()
    except OSError:
        raise _parse_error(path, 0, "cannot open file") from None
    return parse(content, path)


def parse(content: bytes, path: str) -> Tree:
    """Parse the bytes of a file; `path` is only for messages."""
    sections: dict[str, dict[str, str]] = {}
    current: dict[str, str] | None = None
    name = ""
    # Bytes pass through unchanged: the node never decodes them.
    text = content.decode("utf-8", "surrogateescape")
    for number, line in _lines(text):
        if line[0] == "[":
            if current is not None and not current:
                del sections[name]
            name = _section_name(line, path, number)
            if name in sections:
                raise _parse_error(path, number, "duplicate section name")
            current = sections[name] = {}
        else:
            key, value = _key_and_value(line, path, number)
            if current is None:
                # Keys before the first section sit at the top: no `section.key` reaches them.
                current, name = sections.setdefault("", {}), ""
            if key in current:
                raise _parse_error(path, number, "duplicate key name")
            current[key] = value
    if current is not None and not current:
        del sections[name]
    return Tree(sections)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip(_SPACE)
        if line and line[0] not in ";#":
            yield number, line


def _section_name(line: str, path: str, number: int) -> str:
    end = line.find("]")
    if end < 0:
        raise _parse_error(path, number, "unmatched '['")
    return line[1:end].strip(_SPACE)


def _key_and_value(line: str, path: str, number: int) -> tuple[str, str]:
    key, equals, value = line.partition("=")
    if not equals:
        raise _parse_error(path, number, "'=' character not found in line")
    if not key:
        raise _parse_error(path, number, "key expected")
    return key.strip(_SPACE), value.strip(_SPACE)


def _parse_error(path: str, line: int, message: str) -> StartFailed:
    where = f"{path}({line}): " if line else f"{path}: "
    return StartFailed(where + message, kind="boost::property_tree::ini_parser::ini_parser_error")
