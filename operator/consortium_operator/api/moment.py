"""Moments as Kubernetes writes them: UTC, to the second."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """Fractions are left out: the API server would drop them, and what is read back would differ
    from what was written."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime:
    """What `rfc3339`, or Kubernetes itself, wrote."""
    return datetime.fromisoformat(text)
