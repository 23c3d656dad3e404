"""Where two objects differ, in few words: whole objects in a failed test's message help nobody."""

from typing import Any

_SHORT = 120


def differences(found: Any, wanted: Any, path: str = "") -> list[str]:
    """A line for each place; empty where both are the same."""
    if found == wanted:
        return []
    if isinstance(found, dict) and isinstance(wanted, dict):
        return [
            line
            for name in sorted({*found, *wanted})
            for line in differences(found.get(name), wanted.get(name), f"{path}.{name}")
        ]
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return [
            line
            for number, pair in enumerate(zip(found, wanted, strict=True))
            for line in differences(*pair, f"{path}[{number}]")
        ]
    return [f"{path}: {str(found)[:_SHORT]} instead of {str(wanted)[:_SHORT]}"]
