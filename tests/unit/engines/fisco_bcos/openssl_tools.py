"""A mutual handshake between `openssl s_server` and `openssl s_client`, on loopback."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BOTH = ("-tls1_2", "-x509_strict", "-verify_return_error", "-no-CAfile", "-no-CAstore")


@dataclass(frozen=True)
class End:
    """One end's files, and by which options it trusts: ("-CApath", …) or ("-CAfile", …)."""

    certificate: Path
    key: Path
    trusts: tuple[str | Path, ...]

    @property
    def options(self) -> list[str | Path]:
        # What follows a leaf is presented as well: the CAs between it and a root.
        chain = ("-cert_chain", self.certificate)
        return ["-cert", self.certificate, "-key", self.key, *chain, *_BOTH, *self.trusts]


def shakes_hands(client: End, server: End) -> bool:
    """Whether both ends accept each other."""
    with _served(server) as port:
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *client.options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    return done.returncode == 0 and "Verify return code: 0 (ok)" in done.stdout


@contextmanager
def _served(server: End) -> Iterator[int]:
    """The port of a server that takes one connection and wants a certificate."""
    words = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-Verify", "4"]
    with subprocess.Popen(
        [*words, *server.options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            accepting = next(line for line in process.stdout if line.startswith("ACCEPT "))
            yield int(accepting.rpartition(":")[2])
        finally:
            process.kill()
