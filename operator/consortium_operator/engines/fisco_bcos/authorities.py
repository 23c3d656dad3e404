"""A member's authority as it is found, made by the operator or brought by the member.

A brought one may be an intermediate CA. Nodes accept a leaf that is followed by the CAs between it
and a trusted root, and trust nothing but roots: OpenSSL ends a chain at a self-signed certificate
only. So an authority is a path: the CA that signs, what is above it, the root.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import (
    ExtendedKeyUsageOID,
    ExtensionOID,
    PublicKeyAlgorithmOID,
    SignatureAlgorithmOID,
)

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.fisco_bcos.certificate_keys import (
    fingerprint_of,
    key_fingerprint,
    key_of,
    signed_by,
)
from consortium_operator.engines.fisco_bcos.distinguished_name import canonical_name, subject_hash
from consortium_operator.engines.fisco_bcos.keys import read_file
from consortium_operator.engines.fisco_bcos.suites.suite import Signer, SigningKeyKind
from consortium_operator.engines.protocol import (
    AuthorityOwner,
    CertificateFacts,
    Conflict,
    InvalidMaterial,
)

# The shape of a Secret of type kubernetes.io/tls, as cert-manager writes it.
AUTHORITY_KEY = "tls.key"
AUTHORITY_CERTIFICATE = "tls.crt"
AUTHORITY_ROOT = "ca.crt"

# OpenSSL refuses a path with a critical extension that it does not handle.
_HANDLED = (
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
)
_UNREADABLE = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
_BROKEN_HASHES = (
    SignatureAlgorithmOID.RSA_WITH_MD5,
    SignatureAlgorithmOID.RSA_WITH_SHA1,
    SignatureAlgorithmOID.ECDSA_WITH_SHA1,
)
_NEEDED_USAGES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


E = TypeVar("E", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True, repr=False)
class Authority:
    """`path`: the signer's certificate first, the self-signed root last (both may be one)."""

    signer: Signer
    path: tuple[x509.Certificate, ...]

    @property
    def issuer(self) -> x509.Certificate:
        return self.path[0]

    @property
    def chain(self) -> str:
        """PEM of what a leaf is followed by: all but the root, which whoever verifies has."""
        return "".join(pem(certificate) for certificate in self.path[:-1])


def load_authority(files: PrivateFiles, kind: SigningKeyKind) -> Authority:
    """From tls.key, tls.crt and, where an intermediate's root is not in tls.crt, ca.crt.

    Raises InvalidMaterial unless the key is the first certificate's and every certificate up to
    the root may sign those below it.
    """
    signer = kind.load(files, AUTHORITY_KEY)
    issuer, *above = load_certificates(
        read_file(files, AUTHORITY_CERTIFICATE), AUTHORITY_CERTIFICATE
    )
    if key_fingerprint(issuer) != fingerprint_of(signer.public_key):
        raise InvalidMaterial(
            f"{AUTHORITY_CERTIFICATE} is not for the key {AUTHORITY_KEY}: its first certificate "
            "must be the key's"
        )
    if issuer.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS:
        raise InvalidMaterial(
            f"{AUTHORITY_CERTIFICATE} has a key for RSASSA-PSS alone, and certificates are signed "
            "here by PKCS #1 v1.5: bring a CA with an ordinary RSA or ECDSA key"
        )
    roots = files.get(AUTHORITY_ROOT)
    path = _path(issuer, above, load_certificates(roots, AUTHORITY_ROOT) if roots else [])
    for below, certificate in enumerate(path):
        what = _name_of(certificate, below)
        kind.check(key_of(certificate), what)
        _check_authority(certificate, what, below)
    if len(path) > 1 and not kind.signs_intermediates:
        raise InvalidMaterial(
            f"{AUTHORITY_CERTIFICATE} is an intermediate CA, and nodes load these certificates "
            "without the CAs above: bring a root CA"
        )
    return Authority(signer, path)


def authority_register(authority: PrivateFiles, kind: SigningKeyKind) -> AuthorityRegister:
    """The public side of an authority. Raises InvalidMaterial as `load_authority`."""
    found = load_authority(authority, kind)
    root = found.path[-1]
    return AuthorityRegister(
        certificate=pem(root),
        subject_hash=subject_hash(root.subject),
        fingerprint=key_fingerprint(found.issuer),
        chain=found.chain,
    )


def authority_facts(register: AuthorityRegister) -> CertificateFacts:
    """When all of its path holds. `issuer_fingerprint` is the root's."""
    path = path_of(register)
    return CertificateFacts(
        not_before=max(certificate.not_valid_before_utc for certificate in path),
        not_after=min(certificate.not_valid_after_utc for certificate in path),
        key_fingerprint=register.fingerprint,
        issuer_fingerprint=key_fingerprint(path[-1]),
    )


def why_not_renewed(recorded: AuthorityRegister, found: AuthorityRegister) -> str | None:
    """Why `found` is not the recorded authority with new certificates, or None where it is.

    Same names, keys and key identifiers, at both ends: then what the one signed is valid under the
    other. The identifier matters, since OpenSSL compares it with the one in the leaf.
    """
    try:
        before, after = path_of(recorded), path_of(found)
    except InvalidMaterial:
        return "cannot be held against its register, which holds no certificate"
    if recorded.fingerprint != found.fingerprint:
        return "has another key than the one that its register holds"
    if _canonical(before[0]) != _canonical(after[0]):
        return "has another subject than the one that its register holds"
    if _anchor(before) != _anchor(after):
        return "ends in another root CA than the one that its register holds"
    if any(_key_id(before[end]) != _key_id(after[end]) for end in (0, -1)):
        return "has another subjectKeyIdentifier than the one that its register holds"
    return None


def authority_conflicts(
    authorities: Mapping[AuthorityOwner, AuthorityRegister],
) -> tuple[Conflict, ...]:
    """Pairs that cannot live in one chain. Members may share a root above their node CAs: peers
    trust every member's anyway."""
    paths = {owner: path_of(register) for owner, register in sorted(authorities.items())}
    clients = {owner for owner in paths if owner[1] is AuthorityKind.CLIENT}
    return (
        *_pairs(
            {owner: [key_fingerprint(path[0])] for owner, path in paths.items()},
            "have one key: bring another CA for one of them",
        ),
        *(
            pair
            for pair in _pairs(
                {owner: [key_fingerprint(path[-1])] for owner, path in paths.items()},
                "end in one root CA, so that certificates of the one would open what only the "
                "other's may: bring a CA under another root for one of them",
            )
            if clients & {pair.first, pair.second} and not _one_key(authorities, pair)
        ),
        *_shared_subjects(paths),
    )


def _one_key(authorities: Mapping[AuthorityOwner, AuthorityRegister], pair: Conflict) -> bool:
    return authorities[pair.first].fingerprint == authorities[pair.second].fingerprint


def _pairs(marks: Mapping[AuthorityOwner, Iterable[str]], why: str) -> Iterator[Conflict]:
    """Each owner with the first one that has the same mark."""
    first: dict[str, AuthorityOwner] = {}
    for owner, found in marks.items():
        for mark in found:
            if first.setdefault(mark, owner) != owner:
                yield Conflict(first[mark], owner, why)


def _shared_subjects(
    paths: Mapping[AuthorityOwner, Sequence[x509.Certificate]],
) -> Iterator[Conflict]:
    """OpenSSL finds a CA by its subject alone."""
    seen: dict[bytes, tuple[str, AuthorityOwner]] = {}
    for owner, path in paths.items():
        for certificate in path:
            key = key_fingerprint(certificate)
            known, first = seen.setdefault(_canonical(certificate), (key, owner))
            if known != key:
                why = (
                    f"share the subject {_subject(certificate)} with different keys, and nodes "
                    "find a CA by its subject: bring a CA with another subject for one of them"
                )
                yield Conflict(first, owner, why)


def path_of(register: AuthorityRegister) -> list[x509.Certificate]:
    return load_certificates(
        (register.chain + register.certificate).encode(), "the authority's certificate"
    )


def load_certificates(content: bytes, what: str) -> list[x509.Certificate]:
    """One PEM certificate or more. Raises InvalidMaterial."""
    try:
        certificates = x509.load_pem_x509_certificates(content)
        for certificate in certificates:
            _read_through(certificate)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise InvalidMaterial(f"{what} is no readable PEM certificate") from None
    return certificates


def _read_through(certificate: x509.Certificate) -> None:
    """What cannot be read shows only when it is asked for: here, and not in the midst of work.
    Raises ValueError or UnsupportedAlgorithm."""
    key_of(certificate)
    for name in (certificate.subject, certificate.issuer):
        canonical_name(name)
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if certificate.serial_number <= 0:
        raise ValueError("RFC 5280 wants a positive serial number")


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _path(
    issuer: x509.Certificate, above: list[x509.Certificate], roots: list[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """From the signing certificate to a root, whatever the order they are given in."""
    path = [issuer]
    while not _is_issued_by(path[-1], path[-1]):
        signers = [
            one for one in (*above, *roots) if one not in path and _is_issued_by(path[-1], one)
        ]
        if not signers and path[-1].signature_algorithm_oid in _BROKEN_HASHES:
            raise InvalidMaterial(
                f"{_name_of(path[-1], len(path) - 1)} is signed with SHA-1 or MD5, which not all "
                "that read it accept: have it signed anew with SHA-256"
            )
        if not signers:
            raise InvalidMaterial(
                f"{AUTHORITY_CERTIFICATE} leads to {_issuer(path[-1])}, which is not there (by "
                "name, key and authorityKeyIdentifier): add the CAs above it to "
                f"{AUTHORITY_CERTIFICATE}, and the self-signed root there or as {AUTHORITY_ROOT}"
            )
        # Of a cross-signed CA the certificate that ends the path.
        path.append(next((one for one in signers if _is_issued_by(one, one)), signers[0]))
    stranger = next((one for one in above if one not in path), None)
    if stranger is not None:
        raise InvalidMaterial(
            f"{AUTHORITY_CERTIFICATE} holds {_subject(stranger)}, which is not above its first "
            "certificate: remove it"
        )
    return tuple(path)


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether OpenSSL takes `issuer` for it: the signature alone is not enough where the
    certificate says more of who signed it (X509_check_akid)."""
    if not signed_by(certificate, issuer):
        return False
    said = _extension(certificate, x509.AuthorityKeyIdentifier)
    if said is None:
        return True
    known = _extension(issuer, x509.SubjectKeyIdentifier)
    names = [one.value for one in said.authority_cert_issuer or () if _is_directory_name(one)]
    return (
        (said.key_identifier is None or known is None or said.key_identifier == known.digest)
        and said.authority_cert_serial_number in (None, issuer.serial_number)
        and (not names or canonical_name(names[0]) == canonical_name(issuer.issuer))
    )


def _is_directory_name(name: x509.GeneralName) -> TypeGuard[x509.DirectoryName]:
    return isinstance(name, x509.DirectoryName)


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    """None also where the extensions are unreadable, which is told when they are checked."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return None


def _check_authority(certificate: x509.Certificate, what: str, below: int) -> None:
    """`below`: how many CAs of the path are under it."""
    try:
        extensions = {extension.oid: extension for extension in certificate.extensions}
    except _UNREADABLE:
        raise InvalidMaterial(f"{what} has unreadable extensions") from None
    values = {oid: extension.value for oid, extension in extensions.items()}
    basic = values.get(ExtensionOID.BASIC_CONSTRAINTS)
    if not isinstance(basic, x509.BasicConstraints) or not basic.ca:
        raise InvalidMaterial(f"{what} is no CA: basicConstraints CA:TRUE is missing")
    if basic.path_length is not None and basic.path_length < below:
        raise InvalidMaterial(
            f"{what} allows {basic.path_length} CAs below it (pathLenConstraint) and has {below}"
        )
    usage = values.get(ExtensionOID.KEY_USAGE)
    if isinstance(usage, x509.KeyUsage) and not usage.key_cert_sign:
        raise InvalidMaterial(f"{what} may not sign certificates: keyUsage lacks keyCertSign")
    purposes = values.get(ExtensionOID.EXTENDED_KEY_USAGE)
    if isinstance(purposes, x509.ExtendedKeyUsage) and not set(_NEEDED_USAGES) <= set(purposes):
        raise InvalidMaterial(
            f"{what} is limited by extendedKeyUsage, which its leafs inherit: leave it out, or "
            "name both serverAuth and clientAuth"
        )
    names = values.get(ExtensionOID.NAME_CONSTRAINTS)
    if isinstance(names, x509.NameConstraints) and _limits_subjects(names):
        raise InvalidMaterial(
            f"{what} limits the subjects below it (nameConstraints), and those of nodes and "
            "clients are the operator's: bring a CA without directory names in it"
        )
    for oid, extension in extensions.items():
        if extension.critical and oid not in _HANDLED:
            raise InvalidMaterial(
                f"{what} has the critical extension {oid.dotted_string}, which nodes may refuse"
            )


def _limits_subjects(names: x509.NameConstraints) -> bool:
    """OpenSSL obeys it whether or not it is critical. Other kinds of names no leaf of ours has."""
    found = (*(names.permitted_subtrees or ()), *(names.excluded_subtrees or ()))
    return any(_is_directory_name(one) for one in found)


def _name_of(certificate: x509.Certificate, below: int) -> str:
    if below == 0:
        return AUTHORITY_CERTIFICATE
    return f"{_subject(certificate)} above {AUTHORITY_CERTIFICATE}"


def _subject(certificate: x509.Certificate) -> str:
    return _shown(certificate.subject)


def _issuer(certificate: x509.Certificate) -> str:
    return _shown(certificate.issuer)


def _shown(name: x509.Name) -> str:
    """For a message: one line of bounded length, whatever a certificate's author wrote."""
    text = "".join(one if one.isprintable() else "?" for one in name.rfc4514_string())
    return f'"{text[:100]}"'


def _canonical(certificate: x509.Certificate) -> bytes:
    return canonical_name(certificate.subject)


def _key_id(certificate: x509.Certificate) -> bytes | None:
    found = _extension(certificate, x509.SubjectKeyIdentifier)
    return None if found is None else found.digest


def _anchor(path: Sequence[x509.Certificate]) -> tuple[bytes, str]:
    return _canonical(path[-1]), key_fingerprint(path[-1])
