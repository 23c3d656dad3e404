"""Runs the programs the sandbox is made with; a failure carries what the program said."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from consortium_sandbox.errors import SandboxError

# Root's PATH often lacks these (su, sudo, cron), and that is where Debian keeps what we call.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROXY = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


def system_environment(**extra: str) -> dict[str, str]:
    """The environment for programs of the cluster: the system's PATH, no proxy, C locale.

    A proxy from the user's shell would catch the traffic to the cluster's own addresses.
    """
    return {"PATH": SYSTEM_PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", **extra}


def network_environment(**extra: str) -> dict[str, str]:
    """The user's own environment, proxies included: for what fetches packages and modules."""
    path = os.environ.get("PATH", "")
    return {**os.environ, "PATH": f"{path}:{SYSTEM_PATH}", **extra}


def local_environment(**extra: str) -> dict[str, str]:
    """The user's environment without proxies: for tools that talk to the cluster."""
    kept = {key: value for key, value in os.environ.items() if key.lower() not in _PROXY}
    return {**kept, "PATH": f"{kept.get('PATH', '')}:{SYSTEM_PATH}", **extra}


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
) -> str:
    """Runs a program to its end and returns its standard output.

    Raises SandboxError with the command and the last lines of its output when it fails.
    """
    words = [str(word) for word in argv]
    done = subprocess.run(
        words,
        env=dict(env) if env is not None else system_environment(),
        cwd=cwd,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise SandboxError(f"`{' '.join(words)}` failed ({done.returncode}):\n{said}")
    return done.stdout


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Whether a program ends with 0; what it says is dropped."""
    words = [str(word) for word in argv]
    done = subprocess.run(
        words, env=system_environment(), stdin=subprocess.DEVNULL, capture_output=True
    )
    return done.returncode == 0
