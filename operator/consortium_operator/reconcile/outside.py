"""The clock and the randomness of a real process; everything else takes them as given."""

import secrets
from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


def random_serial() -> int:
    """158 random bits and one more: positive, and at most 20 octets (RFC 5280)."""
    return secrets.randbits(158) + 1
