"""Mutual TLS 1.2 with a node whose key is known beforehand.

The server is recognised by its public key alone, which the register has recorded: its name and its
lifetime are not looked at, so that a node with an expired certificate can still be read and an
impostor with a valid one cannot.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from consortium_operator.engines.fisco_bcos.identity import CLIENT_KEY
from consortium_operator.engines.fisco_bcos.keys import fingerprint, read_file
from consortium_operator.engines.protocol import ClientIdentity, InvalidMaterial


class AnotherKey(ssl.SSLError):
    """The peer proved to hold another private key than the one on record."""


def client_context(identity: ClientIdentity, tls_fingerprint: str) -> ssl.SSLContext:
    """Shows the client certificate, and breaks a handshake off unless the server's key is pinned.

    `tls_fingerprint`: as NodeRegister has it. Raises InvalidMaterial where key and certificate do
    not fit.
    """
    context = _context(identity)
    # Instead of OpenSSL's verification, the object below looks at the key.
    context.verify_mode = ssl.CERT_NONE
    context.sslobject_class = _pinned(tls_fingerprint)
    return context


def verifying_context(identity: ClientIdentity, authorities: str) -> ssl.SSLContext:
    """For somebody who has no register: the server is one that these CAs (PEM) vouch for.

    Certificates of nodes hold no host name. Raises InvalidMaterial.
    """
    context = _context(identity)
    # A member's CA may be an intermediate, and stand there without its root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=authorities)
    except (ssl.SSLError, ValueError):
        raise InvalidMaterial("ca.crt holds no certificate") from None
    return context


def _context(identity: ClientIdentity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    pem = identity.certificate.encode() + b"\n" + read_file(identity.key, CLIENT_KEY)
    try:
        with _in_memory(pem) as path:
            context.load_cert_chain(path)
    except ssl.SSLError:
        raise InvalidMaterial(
            f"the client certificate is unreadable or not for {CLIENT_KEY}"
        ) from None
    return context


def _pinned(tls_fingerprint: str) -> type[ssl.SSLObject]:
    class Pinned(ssl.SSLObject):
        """Nothing is sent to a server that is not the one on record."""

        def do_handshake(self) -> None:
            super().do_handshake()
            certificate = self.getpeercert(binary_form=True)
            if certificate is None or _fingerprint_of(certificate) != tls_fingerprint:
                raise AnotherKey("the server's key is not the one on record")

    return Pinned


def _fingerprint_of(certificate: bytes) -> str | None:
    try:
        return fingerprint(x509.load_der_x509_certificate(certificate).public_key())
    except (ValueError, UnsupportedAlgorithm):
        return None


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """A path to `content`, which OpenSSL can open and no disk ever holds."""
    descriptor = os.memfd_create("client-identity")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
