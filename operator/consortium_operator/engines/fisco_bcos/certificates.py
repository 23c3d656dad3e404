"""X.509: making a member's authorities, the certificates they sign, and the trust directory.

Every member has two authorities of one shape (authorities.py reads them). Its *node CA* signs its
nodes' certificates and lies in every peer's trust directory; its *client CA* signs its clients'
and is the ca.crt of its own nodes, so that its clients open its own RPC and nobody else's.
"""

from collections import Counter
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityRegister
from consortium_operator.engines.fisco_bcos.authorities import (
    AUTHORITY_CERTIFICATE,
    AUTHORITY_KEY,
    Authority,
    load_authority,
    load_certificates,
    path_of,
    pem,
    signed_by,
)
from consortium_operator.engines.fisco_bcos.distinguished_name import authority_name, leaf_name
from consortium_operator.engines.fisco_bcos.identity import CLIENT_KEY
from consortium_operator.engines.fisco_bcos.keys import (
    check_rsa,
    fingerprint,
    load_public_key,
    load_rsa,
    pkcs8,
)
from consortium_operator.engines.protocol import (
    CertificateFacts,
    InvalidMaterial,
    Subject,
    Validity,
)


def new_authority(subject: Subject, validity: Validity) -> PrivateFiles:
    """tls.key (ECDSA P-256, PKCS#8) and tls.crt, self-signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    public, name = key.public_key(), authority_name(subject)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    certificate = (
        _certificate(name, name, public, validity)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    return PrivateFiles(
        {AUTHORITY_KEY: pkcs8(key), AUTHORITY_CERTIFICATE: pem(certificate).encode()}
    )


def node_certificate(
    authority: PrivateFiles, subject: Subject, tls_public_key: str, validity: Validity
) -> str:
    """ssl.crt of a node, which is both server and client to its peers. PEM, followed by the CAs
    between it and its root.

    `tls_public_key`: PEM, from the register; the private key is not needed. A certificate never
    outlives its authority: its end is then the authority's. Raises InvalidMaterial.
    """
    key = check_rsa(load_public_key(tls_public_key, "the TLS public key"), "the TLS public key")
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return _leaf(load_authority(authority), subject, key, validity, usages)


def client_certificate(
    authority: PrivateFiles, subject: Subject, client_key: PrivateFiles, validity: Validity
) -> str:
    """sdk.crt for sdk.key. PEM, as `node_certificate`. Raises InvalidMaterial."""
    key = load_rsa(client_key, CLIENT_KEY).public_key()
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
    return _leaf(load_authority(authority), subject, key, validity, usages)


def certificate_facts(certificate: str, authority: AuthorityRegister) -> CertificateFacts:
    """Raises InvalidMaterial where the certificate is unreadable or `authority` did not sign it."""
    leaf, *_ = load_certificates(certificate.encode(), "the certificate")
    issuer, *_ = path_of(authority)
    if not signed_by(leaf, issuer):
        raise InvalidMaterial("the certificate was not signed by this authority")
    return CertificateFacts(
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        key_fingerprint=fingerprint(leaf.public_key()),
        issuer_fingerprint=fingerprint(issuer.public_key()),
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


def _leaf(
    authority: Authority,
    subject: Subject,
    key: rsa.RSAPublicKey,
    validity: Validity,
    usages: list[x509.ObjectIdentifier],
) -> str:
    """basicConstraints is needed: without it a node skips its allow and deny lists (Host.cpp)."""
    issuer, name = authority.issuer, leaf_name(subject)
    if name == issuer.subject:
        raise InvalidMaterial("the certificate would have its authority's subject")
    ends = [certificate.not_valid_after_utc for certificate in authority.path]
    not_after = min(validity.not_after, *ends)
    if not_after <= validity.not_before:
        raise InvalidMaterial(f"the authority ends on {min(ends):%Y-%m-%d}")
    limited = Validity(validity.not_before, not_after, validity.serial)
    leaf = (
        _certificate(name, issuer.subject, key, limited)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True, key_encipherment=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(_authority_key_identifier(issuer), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return pem(leaf) + authority.chain


def _certificate(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    validity: Validity,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(validity.serial)
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
    )


def _key_usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The issuer's own key identifier, which a brought authority may have made in any way."""
    try:
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        identifier = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
