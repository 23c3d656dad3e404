"""Where a node is reached, as people write it."""

import re

from consortium_operator.cli.printing import USAGE, fail

# No URL, and no quote: it may end up in a file that somebody else's program reads.
_HOST = re.compile(r"[-\w.:]+|\[[\w.:%]+\]")


def host_and_port(option: str, text: str) -> tuple[str, int]:
    """Of HOST:PORT, the host without the brackets of an IPv6 address. Ends the command where
    `text` is anything else."""
    host, _, port = text.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 1 << 16
    if not _HOST.fullmatch(host) or not is_port:
        fail(USAGE, f"{option} {text}: not HOST:PORT")
    return host.strip("[]"), int(port)
