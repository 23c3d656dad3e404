"""Whether this machine and this user can run an embedded cluster."""

import os
import platform


def obstacle() -> str | None:
    """What stands in the way, with what to do about it; None where nothing does."""
    if platform.system() != "Linux":
        return (
            f"the embedded cluster needs Linux (network namespaces, cgroups); this is"
            f" {platform.system()}"
        )
    if os.geteuid() != 0:
        return (
            "the embedded cluster makes network namespaces and mounts, which takes root:"
            " run it with sudo"
        )
    return None
