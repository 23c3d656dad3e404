"""X.509: making a member's authorities, the certificates they sign, and the trust directory.

Every member has two authorities (authorities.py reads them). Its *node CA* signs its nodes'
certificates and lies in every peer's trust directory; its *client CA* signs its clients' and is
the ca.crt of its own nodes, so that its clients open its own RPC and nobody else's. With what keys
they sign is the suite's matter.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister, NodeRegister
from consortium_operator.engines.fisco_bcos.authorities import (
    AUTHORITY_CERTIFICATE,
    AUTHORITY_KEY,
    Authority,
    load_authority,
    load_certificates,
    path_of,
    pem,
)
from consortium_operator.engines.fisco_bcos.certificate_keys import (
    CertificateKey,
    fingerprint_of,
    key_fingerprint,
    key_identifier,
    key_of,
    signed_by,
)
from consortium_operator.engines.fisco_bcos.distinguished_name import authority_name, leaf_name
from consortium_operator.engines.fisco_bcos.identity import CLIENT_KEY, CLIENT_KEY_KIND
from consortium_operator.engines.fisco_bcos.suites.suite import (
    Contents,
    CryptoSuite,
    Extension,
    Leaf,
    SigningKeyKind,
    Use,
)
from consortium_operator.engines.protocol import (
    CertificateFacts,
    InvalidMaterial,
    Subject,
    Validity,
)

_SERVER, _CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
_PURPOSES = {
    Use.PEER: (_SERVER, _CLIENT),
    Use.SERVER: (_SERVER,),
    Use.CLIENT: (_CLIENT,),
    # As build_chain.sh makes them: their key usage alone tells the two of TLCP apart.
    Use.SIGN: (),
    Use.ENCRYPT: (),
}
_TLS_KEY_USAGES = ("digital_signature", "key_encipherment")
_KEY_USAGES = {
    Use.PEER: _TLS_KEY_USAGES,
    Use.SERVER: _TLS_KEY_USAGES,
    Use.CLIENT: _TLS_KEY_USAGES,
    Use.SIGN: ("digital_signature", "content_commitment"),
    Use.ENCRYPT: ("key_encipherment", "data_encipherment", "key_agreement"),
}
_SERIAL_BITS = 159


def new_authority(kind: SigningKeyKind, subject: Subject, validity: Validity) -> PrivateFiles:
    """tls.key (PKCS#8) and tls.crt, self-signed."""
    key = kind.new()
    signer = kind.load({AUTHORITY_KEY: key}, AUTHORITY_KEY)
    name, identifier = authority_name(subject), key_identifier(signer.public_key)
    extensions = (
        Extension(x509.BasicConstraints(ca=True, path_length=0), critical=True),
        Extension(_key_usage("key_cert_sign", "crl_sign"), critical=True),
        Extension(identifier),
        Extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)),
    )
    certificate = signer.sign(Contents(name, name, signer.public_key, validity, extensions))
    return PrivateFiles({AUTHORITY_KEY: key, AUTHORITY_CERTIFICATE: pem(certificate).encode()})


def node_certificates(
    suite: CryptoSuite,
    authorities: Mapping[AuthorityKind, PrivateFiles],
    subject: Subject,
    register: NodeRegister,
    validity: Validity,
) -> dict[str, str]:
    """File → PEM of each of a node's certificates, followed by the CAs between it and its root.

    The node's private keys are not needed. A certificate never outlives its authority: its end is
    then the authority's. Raises InvalidMaterial.
    """
    loaded = {
        kind: load_authority(authorities[kind], suite.authorities[kind])
        for kind in sorted({leaf.issuer for leaf in suite.leaves})
    }
    return {
        leaf.certificate: _leaf(
            loaded[leaf.issuer],
            subject,
            _recorded_key(leaf, register),
            leaf.use,
            _validity_of(number, leaf, validity),
        )
        for number, leaf in enumerate(suite.leaves)
    }


def client_certificate(
    suite: CryptoSuite,
    authority: PrivateFiles,
    subject: Subject,
    client_key: PrivateFiles,
    validity: Validity,
) -> str:
    """sdk.crt for sdk.key. PEM, as one of `node_certificates`. Raises InvalidMaterial."""
    public = CLIENT_KEY_KIND.public(client_key, CLIENT_KEY)
    key = CLIENT_KEY_KIND.load_public(public.pem, CLIENT_KEY)
    loaded = load_authority(authority, suite.authorities[AuthorityKind.CLIENT])
    return _leaf(loaded, subject, key, Use.CLIENT, validity)


def certificate_facts(certificate: str, authority: AuthorityRegister) -> CertificateFacts:
    """Raises InvalidMaterial where the certificate is unreadable or `authority` did not sign it."""
    leaf, *_ = load_certificates(certificate.encode(), "the certificate")
    issuer, *_ = path_of(authority)
    if not signed_by(leaf, issuer):
        raise InvalidMaterial("the certificate was not signed by this authority")
    return CertificateFacts(
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        key_fingerprint=key_fingerprint(leaf),
        issuer_fingerprint=key_fingerprint(issuer),
    )


def node_certificate_facts(
    suite: CryptoSuite,
    certificates: Mapping[str, str],
    register: NodeRegister,
    authorities: Mapping[AuthorityKind, AuthorityRegister],
) -> CertificateFacts:
    """When all of a node's certificates hold. `key_fingerprint` is the recorded one.

    Raises InvalidMaterial where one is missing, unreadable, not from the right authority or not
    for the recorded key.
    """
    found = []
    for leaf in suite.leaves:
        if leaf.certificate not in certificates:
            raise InvalidMaterial(f"{leaf.certificate} is missing")
        facts = certificate_facts(certificates[leaf.certificate], authorities[leaf.issuer])
        if facts.key_fingerprint != fingerprint_of(_recorded_key(leaf, register)):
            raise InvalidMaterial(f"{leaf.certificate} is not for the key on record")
        found.append(facts)
    return CertificateFacts(
        not_before=max(facts.not_before for facts in found),
        not_after=min(facts.not_after for facts in found),
        key_fingerprint=register.tls_fingerprint,
        issuer_fingerprint=found[0].issuer_fingerprint,
    )


def trust(authorities: Sequence[AuthorityRegister]) -> dict[str, str]:
    """The trust directory (config.ini cert.multi_ca_path): `<subject hash>.<n>` → PEM.

    OpenSSL tries n = 0, 1, … until a file is missing, so equal hashes are numbered without a gap.
    """
    files: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for hashed, certificate in sorted({(a.subject_hash, a.certificate) for a in authorities}):
        files[f"{hashed}.{numbers[hashed]}"] = certificate
        numbers[hashed] += 1
    return files


def _recorded_key(leaf: Leaf, register: NodeRegister) -> CertificateKey:
    return leaf.kind.load_public(
        getattr(register, leaf.recorded), f"the register's {leaf.recorded}"
    )


def _validity_of(number: int, leaf: Leaf, validity: Validity) -> Validity:
    """One authority may sign several of a node's certificates, and no two of its serial numbers
    may be alike: the first has the caller's, the others what follows from it."""
    if number == 0:
        return validity
    digest = hashlib.sha256(f"{validity.serial} {leaf.certificate}".encode()).digest()
    return replace(validity, serial=int.from_bytes(digest) >> (len(digest) * 8 - _SERIAL_BITS))


def _leaf(
    authority: Authority, subject: Subject, key: CertificateKey, use: Use, validity: Validity
) -> str:
    """basicConstraints is needed: without it a node skips its allow and deny lists (Host.cpp)."""
    issuer, name = authority.issuer, leaf_name(subject)
    if name == issuer.subject:
        raise InvalidMaterial("the certificate would have its authority's subject")
    ends = [certificate.not_valid_after_utc for certificate in authority.path]
    not_after = min(validity.not_after, *ends)
    if not_after <= validity.not_before:
        raise InvalidMaterial(f"the authority ends on {min(ends):%Y-%m-%d}")
    purposes = _PURPOSES[use]
    extensions = (
        Extension(x509.BasicConstraints(ca=False, path_length=None), critical=True),
        Extension(_key_usage(*_KEY_USAGES[use]), critical=True),
        *([Extension(x509.ExtendedKeyUsage(purposes))] if purposes else []),
        Extension(key_identifier(key)),
        Extension(_authority_key_identifier(issuer)),
    )
    limited = replace(validity, not_after=not_after)
    leaf = authority.signer.sign(Contents(name, issuer.subject, key, limited, extensions))
    return pem(leaf) + authority.chain


def _key_usage(*wanted: str) -> x509.KeyUsage:
    """`wanted`: the usages by the names that the library gives them."""
    usages = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{usage: usage in wanted for usage in usages})


def _authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The issuer's own key identifier, which a brought authority may have made in any way."""
    try:
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        identifier = key_identifier(key_of(issuer))
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
