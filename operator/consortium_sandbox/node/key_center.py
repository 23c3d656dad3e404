"""Storage encryption with a key center, as far as it stops a node (BcosKmsDataEncryption.cpp).

The stand-in never encrypts: where a node would be given its data key, this one refuses to start.
"""

from __future__ import annotations

import re
import socket

from consortium_sandbox.node.failure import StartFailed, invalid_parameter

_SECONDS = 5.0


def ask_for_data_key(url: str) -> None:
    """`url` is `host:port`. Raises StartFailed in any case."""
    fields = re.split(":+", url)
    if len(fields) != 2:
        raise invalid_parameter("initGlobalConfig storage_security failed! Invalid key_center_url!")
    if not fields[1].isdigit() or int(fields[1]) > 0xFFFF:
        raise StartFailed(
            "bad lexical cast: source type value could not be interpreted as target",
            kind="boost::bad_lexical_cast",
        )
    host, port = fields[0], int(fields[1])
    if port <= 1024:
        raise StartFailed("initGlobalConfig storage_security failed! Invalid key_manange_port!")
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError:
        raise StartFailed(
            "std::exception", kind="bcos::security::KeyCenterConnectionError"
        ) from None
    raise StartFailed("stand-in: storage is never encrypted here")
