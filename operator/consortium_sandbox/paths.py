"""Where the sandbox keeps things.

State (one directory per sandbox) goes away with `down`. The cache (binaries, image layers) stays:
it is keyed by versions and content, holds nothing of a running sandbox and may be deleted at will.
"""

import os
from pathlib import Path

STATE_ROOT = Path("/var/lib/consortium-sandbox")


def cache_root() -> Path:
    """The cache directory, `$XDG_CACHE_HOME/consortium-sandbox` or the same under `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "consortium-sandbox"


def checkout_root() -> Path | None:
    """The source checkout this package runs from, or None where it was installed from a wheel."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() else None
