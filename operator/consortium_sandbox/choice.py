"""Which back end a sandbox has. It follows from the machine, so that no command has to be told.

A sandbox that exists keeps the one it was made on. A new one is made on kind where a Docker engine
answers, else on the embedded cluster. Where both would do and the other one is wanted, as for tests
of it, the environment says so, for every command, test and `make` target alike.
"""

import os

from consortium_sandbox.backend import Backend, BackendName
from consortium_sandbox.embedded import cleanup, support
from consortium_sandbox.embedded.cluster import EmbeddedBackend
from consortium_sandbox.errors import SandboxError, SandboxUnsupportedError
from consortium_sandbox.kind import engine
from consortium_sandbox.kind.cluster import KindBackend

VARIABLE = "CONSORTIUM_SANDBOX_BACKEND"


def backend_for(name: str, told: BackendName | None = None) -> Backend:
    """The back end of the sandbox `name`, which need not exist yet.

    Raises SandboxUnsupportedError where this machine or this user can run none, or not that one.
    """
    wanted = told or _existing(name) or _from_environment() or _derived()
    problem = engine.problem() if wanted == "kind" else support.obstacle()
    if problem is not None:
        raise SandboxUnsupportedError(problem)
    return KindBackend(name) if wanted == "kind" else EmbeddedBackend(name)


def _existing(name: str) -> BackendName | None:
    if support.obstacle() is None and cleanup.exists(name):
        return "embedded"
    return "kind" if KindBackend(name).home.exists() else None


def _from_environment() -> BackendName | None:
    match os.environ.get(VARIABLE):
        case None | "":
            return None
        case "embedded" | "kind" as named:
            return named
        case other:
            raise SandboxError(f"{VARIABLE} is {other!r}; it may be `kind` or `embedded`")


def _derived() -> BackendName:
    no_engine = engine.problem()
    if no_engine is None:
        return "kind"
    obstacle = support.obstacle()
    if obstacle is None:
        return "embedded"
    raise SandboxUnsupportedError(
        f"{obstacle}. The other way, kind, needs a Docker engine: {no_engine}"
    )
