"""What a node prints on stdout outside its log: its version, and when it starts and ends."""

from __future__ import annotations

from datetime import datetime

from consortium_sandbox.node.log import say
from consortium_sandbox.node.releases import Release

STAND_IN = "stand-in: not FISCO BCOS"


def print_version(release: Release) -> None:
    say(f"FISCO BCOS Version : {release.tag} ({STAND_IN})\n")
    for label in ("Build Time", "Build Type", "Git Branch", "Git Commit"):
        say(f"{label:<19}: {STAND_IN}\n")


def stamped(text: str) -> None:
    """A line with date and time."""
    say(f"[{datetime.now().strftime('%Y-%m-%d %H:%M:%S')}] {text}\n")
