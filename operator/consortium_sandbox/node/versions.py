"""Version numbers of the chain's data (VersionConverter.h)."""

from __future__ import annotations

import re

from consortium_sandbox.node.failure import StartFailed

V3_0 = 0x03000000
V3_1 = 0x03010000
V3_2_7 = 0x03020700
V3_3 = 0x03030000
V3_4 = 0x03040000
V3_5 = 0x03050000
V3_6 = 0x03060000
V3_9 = 0x03090000
V3_15 = 0x030F0000
RC4 = 4
_MIN_MAJOR, _MAX_MAJOR = 3, 255


class BadVersion(StartFailed):
    """Not a version the node can read."""

    def __init__(self, what: str) -> None:
        super().__init__(what, kind="bcos::tool::InvalidVersion")


def to_number(version: str) -> int:
    """`3.16.4` → 0x03100400; `3.0.0-rc4` → 4. Raises BadVersion with the node's text."""
    if version.startswith("3.0.0-rc"):
        return _number(version, version.removeprefix("3.0.0-rc"))
    fields = version.split(".")
    if len(fields) < 2:
        raise BadVersion(
            "The version must be in format of MAJOR.MINOR.PATCH, and the PATCH version is "
            f"optional, current version is {version}"
        )
    major, minor = _number(version, fields[0]), _number(version, fields[1])
    patch = _number(version, fields[2]) if len(fields) == 3 else 0
    if not _MIN_MAJOR <= major <= _MAX_MAJOR:
        raise BadVersion(
            f"The major version must between {_MIN_MAJOR} to {_MAX_MAJOR}, version:{version}"
        )
    return ((major << 24) + (minor << 16) + (patch << 8)) & 0xFFFFFFFF


def to_text(number: int) -> str:
    """The inverse, always with three parts (that is how block 0 holds it)."""
    if number == RC4:
        return "3.0.0-rc4"
    return f"{number >> 24 & 0xFF}.{number >> 16 & 0xFF}.{number >> 8 & 0xFF}"


def _number(version: str, field: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", field) or abs(int(field)) >= 1 << 32:
        raise BadVersion(version)
    return int(field) % (1 << 32)
