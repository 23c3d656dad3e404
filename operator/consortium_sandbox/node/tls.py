"""Mutual TLS 1.2 between nodes and towards clients, with the node's two different trusts.

Between nodes: ca.crt plus the OpenSSL hash directory `multi_ca_path`, which OpenSSL reads while it
verifies. So a CA added to the directory counts at once, and one it has already read stays trusted
until the process ends. Towards clients: ca.crt only.

Trouble with these files never stops a node. A context without a certificate or without trust simply
fails every handshake.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from consortium_sandbox.node.log import Log
from consortium_sandbox.node.settings import CertificateFiles


@dataclass(frozen=True)
class Contexts:
    """What the gateway needs: one side accepts, the other dials."""

    accept: ssl.SSLContext
    dial: ssl.SSLContext


def p2p_contexts(files: CertificateFiles, verify: bool, log: Log) -> Contexts:
    mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    contexts = Contexts(
        _context(ssl.PROTOCOL_TLS_SERVER, files, mode, log),
        _context(ssl.PROTOCOL_TLS_CLIENT, files, mode, log),
    )
    for context in (contexts.accept, contexts.dial):
        context.load_verify_locations(capath=files.trust_directory)
    return contexts


def rpc_context(files: CertificateFiles, log: Log) -> ssl.SSLContext:
    return _context(ssl.PROTOCOL_TLS_SERVER, files, ssl.CERT_REQUIRED, log)


def tlcp_context() -> ssl.SSLContext:
    """rpc.sm_ssl=true: a client of TLS fails to shake hands, as it does with the real node."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def _context(
    protocol: int, files: CertificateFiles, mode: ssl.VerifyMode, log: Log
) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = mode
    # An organisation's CA may be X.509 version 1 (build_chain.sh makes such), and no session may
    # be resumed past a certificate check.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.options |= ssl.OP_NO_TICKET
    try:
        # The empty password keeps OpenSSL from asking a terminal for one.
        context.load_cert_chain(files.certificate, files.key, password="")
    except (OSError, ssl.SSLError) as error:
        log.warning("[Gateway]load the node certificate failed", error=_reason(error))
    try:
        context.load_verify_locations(cafile=files.ca)
    except (OSError, ssl.SSLError) as error:
        log.warning("[Gateway]load the ca certificate failed", path=files.ca, error=_reason(error))
    return context


def _reason(error: Exception) -> str:
    return (
        getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    )
