"""Kubernetes quantities (`20Gi`) and durations (`8760h`) as numbers. Pure, no rounding surprises.

The grammar is that of k8s.io/apimachinery/pkg/api/resource and of Go's time.ParseDuration, cut to
what the resource accepts.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

# Without anchors: callers add them.
QUANTITY_PATTERN = (
    r"(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?[0-9]{1,2}))?"
)
DURATION_PATTERN = "([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?"

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def parse_quantity(text: str) -> Decimal | None:
    """The value of a quantity in its base unit (bytes, cores), or None if it is none."""
    if not re.fullmatch(QUANTITY_PATTERN, text):
        return None
    if text[-2:] in _BINARY:
        return Decimal(text[:-2]) * Decimal(1024) ** _BINARY[text[-2:]]
    if text[-1] in _DECIMAL:
        return Decimal(text[:-1]).scaleb(_DECIMAL[text[-1]])
    return Decimal(text)


def parse_duration(text: str) -> timedelta | None:
    """The length of `8760h`, `90m` or `1h30m`, or None if it is none."""
    match = re.fullmatch(DURATION_PATTERN, text)
    if match is None or not text:
        return None
    hours, minutes, seconds = (int(part[:-1]) if part else 0 for part in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
