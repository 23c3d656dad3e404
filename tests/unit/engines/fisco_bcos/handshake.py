"""Mutual TLS 1.2 in memory, as two nodes or a client and a node speak it."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from consortium_operator.chain.private import PrivateFiles


@dataclass(frozen=True)
class Party:
    """Who shows `certificate`, holds `key` and trusts a CA file, a hash directory, or both."""

    certificate: str
    key: PrivateFiles
    ca_file: str | None = None
    ca_directory: Path | None = None

    def context(self, protocol: int, scratch: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=self.ca_file, capath=self.ca_directory)
        (content,) = self.key.values()
        pem = scratch / "identity.pem"
        pem.write_bytes(self.certificate.encode() + content)
        context.load_cert_chain(pem)
        return context


def shake_hands(client: Party, server: Party, scratch: Path) -> None:
    """Raises ssl.SSLError, of either side, where one refuses the other."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.context(ssl.PROTOCOL_TLS_CLIENT, scratch).wrap_bio(to_client, to_server),
        server.context(ssl.PROTOCOL_TLS_SERVER, scratch).wrap_bio(
            to_server, to_client, server_side=True
        ),
    ]
    while sides:
        for side in tuple(sides):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            sides.remove(side)
