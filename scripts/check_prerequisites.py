"""Says at once, in one message, what this machine lacks before `make` builds anything.

Runs with whatever `python3` the machine has, so it uses nothing but the standard library.
"""

import re
import shutil
import subprocess
import sys

PYTHON = (3, 11)
GO = (1, 26)


def problems() -> list[str]:
    """One line for each missing or outdated prerequisite."""
    found = []
    if sys.version_info < PYTHON:
        have = ".".join(map(str, sys.version_info[:2]))
        found.append(f"Python >= 3.11 is needed, python3 is {have}: make PYTHON=python3.12 …")
    try:
        # Only whether they are there: Debian packs both apart, as python3-venv.
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        found.append("Python's venv module is missing (Debian: apt-get install python3-venv)")
    if shutil.which("git") is None:
        found.append("git is missing")
    go = shutil.which("go")
    if go is None:
        found.append(
            "Go >= 1.26 is needed to build the sandbox's cluster and was not found in PATH "
            '(sudo drops it from there: sudo env PATH="$PATH" make …)'
        )
    else:
        words = subprocess.run([go, "version"], capture_output=True, text=True).stdout
        match = re.search(r"go(\d+)\.(\d+)", words)
        if match and tuple(map(int, match.groups())) < GO:
            found.append(f"Go >= 1.26 is needed, found {match.group(0)}")
    return found


if __name__ == "__main__":
    missing = problems()
    for line in missing:
        sys.stderr.write(f"error: {line}\n")
    sys.exit(2 if missing else 0)
