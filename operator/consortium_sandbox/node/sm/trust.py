"""Whom an SM node trusts: the CAs in `sm_ca.crt` and those in the hash directory.

The directory is read while a certificate is verified, as OpenSSL does: a CA that is added counts at
once, one that was read stays trusted until the process ends, and hides a new one of the same name.
"""

from __future__ import annotations

from pathlib import Path

from consortium_sandbox.node.log import Log
from consortium_sandbox.node.sm.certificates import SmCertificate, parse_pem, subject_hash


class Untrusted(Exception):
    """A certificate that is not accepted: OpenSSL's words, and the alert the other end gets."""

    def __init__(self, reason: str, alert: str) -> None:
        super().__init__(reason)
        self.alert = alert


class Trust:
    """Looks issuers up by their subject."""

    def __init__(self, ca_path: str, directory: str, log: Log) -> None:
        self._directory = Path(directory)
        self._by_subject: dict[bytes, list[SmCertificate]] = {}
        try:
            for authority in parse_pem(Path(ca_path).read_text()):
                self._by_subject.setdefault(authority.subject, []).append(authority)
        except (OSError, ValueError) as error:
            log.warning(
                "[Gateway]load the ca certificate failed", path=ca_path, error=type(error).__name__
            )

    def check(self, certificate: SmCertificate, now: float) -> None:
        """Raises Untrusted. No intermediates: the node loads one certificate, no chain."""
        issuers = self._issuers(certificate.issuer)
        if not issuers:
            raise Untrusted("unable to get local issuer certificate", "unknown ca")
        if not any(certificate.is_signed_by(issuer) for issuer in issuers):
            raise Untrusted("certificate signature failure", "decrypt error")
        for each in (issuers[0], certificate):
            if now < each.not_before:
                raise Untrusted("certificate is not yet valid", "bad certificate")
            if now > each.not_after:
                raise Untrusted("certificate has expired", "certificate expired")

    def _issuers(self, subject: bytes) -> list[SmCertificate]:
        known = self._by_subject.get(subject)
        if known is None:
            known = self._read(subject)
            if known:
                self._by_subject[subject] = known
        return known

    def _read(self, subject: bytes) -> list[SmCertificate]:
        """Files `<hash>.0`, `<hash>.1`, … up to the first number that is missing."""
        found: list[SmCertificate] = []
        number, name = 0, subject_hash(subject)
        while (path := self._directory / f"{name}.{number}").exists():
            number += 1
            try:
                found += [each for each in parse_pem(path.read_text()) if each.subject == subject]
            except (OSError, ValueError):
                continue
        return found
