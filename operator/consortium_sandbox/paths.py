"""Where the sandbox keeps things.

State (one directory per sandbox) goes away with `down`. The cache (binaries, image layers) stays:
it is keyed by versions and content, holds nothing of a running sandbox and may be deleted at will.
"""

import os
from pathlib import Path

STATE_ROOT = Path("/var/lib/consortium-sandbox")
"""Of embedded clusters, which are root's."""


def user_state_root() -> Path:
    """Of clusters on kind, which belong to whoever may use Docker: `$XDG_STATE_HOME` or
    `~/.local/state`."""
    return _base("XDG_STATE_HOME", ".local/state") / "consortium-sandbox"


def cache_root() -> Path:
    """The cache directory, `$XDG_CACHE_HOME/consortium-sandbox` or the same under `~/.cache`."""
    return _base("XDG_CACHE_HOME", ".cache") / "consortium-sandbox"


def checkout_root() -> Path | None:
    """The source checkout this package runs from, or None where it was installed from a wheel."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() else None


def _base(variable: str, below_home: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / below_home)
