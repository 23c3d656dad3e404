"""The vocabulary of the tables of keys: what a value may be, what a key is, what a section holds.

The tables themselves are config_keys.py (config.ini) and genesis_keys.py (config.genesis).
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from consortium_operator.engines.fisco_bcos.version_number import OLDEST, Version
from consortium_operator.engines.fisco_bcos.versions import NodeVersion

INT32_MAX = 2**31 - 1
UINT32_MAX = 2**32 - 1
INT64_MAX = 2**63 - 1


class Kind(Protocol):
    """What a value may be."""

    def complaint(self, value: str) -> str | None:
        """What is wrong with `value`, as the end of "section.key …", or None."""
        ...


@dataclass(frozen=True, slots=True)
class Boolean:
    def complaint(self, value: str) -> str | None:
        # The node reads "True", "yes" or "on" without a word as the default.
        if value in ("true", "false"):
            return None
        return "must be true or false in lower case: the node takes anything else as its default"


@dataclass(frozen=True, slots=True)
class Integer:
    least: int = 0
    most: int = INT32_MAX

    def complaint(self, value: str) -> str | None:
        # The length first: Python itself refuses to read a number of thousands of digits.
        is_number = len(value) <= 20 and re.fullmatch(r"0|-?[1-9][0-9]*", value) is not None
        if is_number and self.least <= int(value) <= self.most:
            return None
        return f"must be a whole number from {self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class Megabits:
    """A bandwidth in Mb/s, whole or decimal."""

    def complaint(self, value: str) -> str | None:
        if re.fullmatch(r"[0-9]{1,6}([.][0-9]{1,6})?", value) and _bytes(value) > 0:
            return None
        return "must be a bandwidth in Mb/s of at least 0.00001 such as 10 or 2.5"


def _bytes(megabits: str) -> int:
    """As the node counts it (GatewayConfig.cpp, doubleMBToBit): 0 would be no limit at all."""
    return int(float(megabits) * (1024 * 1024 // 8))


@dataclass(frozen=True, slots=True)
class IPv4:
    """The end of a key. A node stops on one that its resolver would not read, such as 010.0.0.1."""

    def complaint(self, value: str) -> str | None:
        try:
            ipaddress.IPv4Address(value)
        except ValueError:
            return "must end with an IPv4 address"
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[str, ...]

    def complaint(self, value: str) -> str | None:
        return None if value in self.options else f"must be {' or '.join(self.options)}"


@dataclass(frozen=True, slots=True)
class Text:
    """`pattern` as a whole; `help` says what it stands for."""

    pattern: str = r".*"
    help: str = "must be text"

    def complaint(self, value: str) -> str | None:
        return None if re.fullmatch(self.pattern, value) else self.help


class Changed:
    """A value that is not the same for all tags: each with the tag that it begins at."""

    def __init__(self, *steps: tuple[str, str | None]) -> None:
        self._steps = tuple((Version.parse(tag), value) for tag, value in steps)

    def at(self, version: Version) -> str | None:
        """None before the first step."""
        values = [value for first, value in self._steps if first <= version]
        return values[-1] if values else None


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a file of the node.

    `code`: what the node takes where the key is absent; None where that has no fixed value.
    `build_chain`: what build_chain.sh writes for a Standard chain; None where it leaves the key
    out.
    `since`: the first tag that knows the key; `until`: the first that does not any more. A tag
    knows what its node reads and what its build_chain.sh writes.
    `withheld`: why an overlay must not set it; empty where it may.
    A `name` that ends with "*" stands for all names with this beginning; `suffix` is what may
    follow.
    """

    name: str
    kind: Kind
    code: str | None
    build_chain: str | Changed | None = None
    since: Version = OLDEST
    until: Version | None = None
    withheld: str = ""
    suffix: Kind = Text()

    def is_known_to(self, version: Version) -> bool:
        return self.since <= version and (self.until is None or version < self.until)

    def build_chain_at(self, version: Version) -> str | None:
        """What build_chain.sh of this tag writes; None also where the tag does not know the key."""
        if not self.is_known_to(version):
            return None
        if isinstance(self.build_chain, Changed):
            return self.build_chain.at(version)
        return self.build_chain

    def default_at(self, version: Version) -> str:
        """What a chain that leaves the key open is given: build_chain.sh's value, or what the
        node takes."""
        value = self.build_chain_at(version)
        value = self.code if value is None else value
        assert value is not None
        return value

    @property
    def beginning(self) -> str | None:
        return self.name[:-1] if self.name.endswith("*") else None

    def stands_for(self, name: str) -> bool:
        if self.beginning is None:
            return name == self.name
        return name.startswith(self.beginning) and len(name) > len(self.beginning)

    def entries_of(self, section: Mapping[str, str]) -> dict[str, str]:
        """Those that this key stands for."""
        if self.beginning is None:
            return {self.name: section[self.name]} if self.name in section else {}
        return {name: value for name, value in section.items() if self.stands_for(name)}


@dataclass(frozen=True, slots=True)
class Section:
    """`withheld`: why an overlay must set no key of it at all, known or not."""

    name: str
    keys: tuple[Key, ...]
    withheld: str = ""


@dataclass(frozen=True)
class Table:
    """All sections of a file, in the order in which they are written."""

    sections: tuple[Section, ...]

    def section(self, name: str) -> Section | None:
        return next((section for section in self.sections if section.name == name), None)

    def key(self, section: str, name: str) -> Key | None:
        found = self.section(section)
        if found is None:
            return None
        exact = (key for key in found.keys if key.name == name and key.beginning is None)
        return next(exact, None) or next((k for k in found.keys if k.stands_for(name)), None)

    def __iter__(self) -> Iterator[tuple[Section, Key]]:
        return ((section, key) for section in self.sections for key in section.keys)


def layered(
    table: Table, version: NodeVersion, *layers: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Section → key → value in the table's order: what build_chain.sh writes, then each layer
    over it. Keys that the version does not know are left out."""
    written: dict[str, dict[str, str]] = {}
    for section, key in table:
        if not key.is_known_to(version.version):
            continue
        default = key.build_chain_at(version.version)
        values = {key.name: default} if default is not None else {}
        for layer in layers:
            values |= key.entries_of(layer.get(section.name, {}))
        if values:
            written.setdefault(section.name, {}).update(values)
    return written


def boolean(value: bool) -> str:
    """The only spelling that the node understands: str(True) would silently be its default."""
    return "true" if value else "false"
