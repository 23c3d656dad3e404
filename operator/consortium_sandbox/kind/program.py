"""Finds kind: a new enough one on the PATH, else the one that is built from its Go module."""

import re
import shutil
from pathlib import Path

from consortium_sandbox import go_tools, shell
from consortium_sandbox.errors import SandboxError, SandboxUnsupportedError
from consortium_sandbox.progress import Progress

# The first whose own node image is a Kubernetes that we test on (1.34).
MINIMUM_KIND = (0, 30)


def kind(progress: Progress) -> Path:
    """The program. Raises SandboxUnsupportedError where it is neither found nor can be built."""
    found = shutil.which("kind", path=shell.network_environment()["PATH"])
    version = _version(found) if found else None
    if found and version and version >= MINIMUM_KIND:
        return Path(found)
    try:
        return go_tools.tool_path("kind", progress)
    except go_tools.GoMissingError as error:
        old = f"kind {_text(version)} in {found} is too old" if version else "there is no kind"
        raise SandboxUnsupportedError(
            f"{old}: install kind {_text(MINIMUM_KIND)} or newer, or Go >= 1.26, with which it is"
            " built"
        ) from error


def _version(program: str) -> tuple[int, int] | None:
    try:
        said = shell.run([program, "version"], env=shell.network_environment())
    except SandboxError:
        return None
    found = re.search(r"\bv(\d+)\.(\d+)\.", said)
    return (int(found[1]), int(found[2])) if found else None


def _text(version: tuple[int, int]) -> str:
    return "v" + ".".join(map(str, version))
