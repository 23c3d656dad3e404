"""The handshake between SM nodes: the stand-in's own, in place of TLCP.

Each side shows its pair of certificates (sign and encrypt) and a nonce, checks the other's pair
against `sm_ca.crt` and the hash directory, and signs the other's nonce with the keys of both. What
follows is not encrypted. Trouble with the files never stops a node: it fails every handshake.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox.node.certificates import PeerCertificate
from consortium_sandbox.node.gateway.frames import Frame, read_frame, to_bytes
from consortium_sandbox.node.gateway.handshake import Link
from consortium_sandbox.node.keys import private_scalar
from consortium_sandbox.node.log import Log
from consortium_sandbox.node.settings import SmCertificateFiles
from consortium_sandbox.node.sm.certificates import SmCertificate, parse_pem
from consortium_sandbox.node.sm.suite import SmKeyPair, verify_der
from consortium_sandbox.node.sm.trust import Trust, Untrusted
from consortium_sandbox.node.stream import HANDSHAKE_SECONDS, Side, open_streams

_CONTEXT = b"stand-in for TLCP, not FISCO BCOS"
_NONCE_SIZE = 32


class HandshakeFailed(OSError):
    """`reason` is in the words of OpenSSL."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Half:
    """One certificate of a pair as its PEM text, with its key."""

    pem: str
    key: SmKeyPair


@dataclass(frozen=True)
class Pair:
    """The sign and the encrypt half."""

    sign: Half
    encrypt: Half


class SmHandshake:
    """`verify` is p2p.enable_ssl_verify; `now` is Unix time."""

    def __init__(
        self,
        files: SmCertificateFiles,
        verify: bool,
        log: Log,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._own = _own_pair(files, log)
        self._trust = Trust(files.ca, files.trust_directory, log)
        self._verify = verify
        self._now = now

    async def __call__(self, connection: socket.socket, *, accepts: bool) -> Link:
        reader, writer = await open_streams(connection, None, Side(accepts))
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                return Link(reader, writer, await self._exchange(reader, writer))
        except (OSError, EOFError, ValueError) as error:
            writer.transport.close()
            if isinstance(error, (OSError, EOFError)):
                raise
            raise HandshakeFailed("unexpected message") from error

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> PeerCertificate:
        if self._own is None:
            raise HandshakeFailed("no certificate assigned")
        nonce = secrets.token_bytes(_NONCE_SIZE)
        pems = {"sign": self._own.sign.pem, "encrypt": self._own.encrypt.pem}
        writer.write(to_bytes(pems | {"nonce": nonce.hex()}))
        shown = await _read(reader)
        sign, encrypt = (_shown_certificate(shown, name) for name in ("sign", "encrypt"))
        try:
            if self._verify:
                for certificate in (sign, encrypt):
                    self._trust.check(certificate, self._now())
        except Untrusted as error:
            with contextlib.suppress(OSError):
                writer.write(to_bytes({"alert": error.alert}))
                await writer.drain()
            raise HandshakeFailed(f"certificate verify failed ({error})") from None
        theirs = bytes.fromhex(str(shown.get("nonce")))
        halves = {"sign": self._own.sign, "encrypt": self._own.encrypt}
        proofs = {name: half.key.sign_der(_CONTEXT + theirs) for name, half in halves.items()}
        writer.write(to_bytes({name: proof.hex() for name, proof in proofs.items()}))
        proved = await _read(reader)
        for name, certificate in (("sign", sign), ("encrypt", encrypt)):
            proof = bytes.fromhex(str(proved.get(name)))
            if not verify_der(certificate.node_id, _CONTEXT + nonce, proof):
                raise HandshakeFailed("bad signature")
        return sign.as_peer()


async def _read(reader: asyncio.StreamReader) -> Frame:
    frame = await read_frame(reader)
    if "alert" in frame:
        raise HandshakeFailed(f"tlsv1 alert {frame['alert']}")
    return frame


def _shown_certificate(frame: Frame, name: str) -> SmCertificate:
    try:
        return parse_pem(str(frame.get(name)))[0]
    except (ValueError, IndexError):
        raise HandshakeFailed("bad certificate") from None


def _own_pair(files: SmCertificateFiles, log: Log) -> Pair | None:
    """None, and a log line, where a file is missing or a key is not its certificate's."""
    try:
        return Pair(
            _half(files.certificate, files.key),
            _half(files.encryption_certificate, files.encryption_key),
        )
    except (OSError, ValueError, IndexError, TypeError) as error:
        # The kind of error only: its text may hold what was read.
        log.warning("[Gateway]load the node certificates failed", error=type(error).__name__)
        return None


def _half(certificate_path: str, key_path: str) -> Half:
    pem = Path(certificate_path).read_text()
    key = SmKeyPair(private_scalar(Path(key_path).read_text()))
    if parse_pem(pem)[0].node_id != key.node_id:
        raise ValueError("the key is not the certificate's")
    return Half(pem, key)
