"""X.509: a member's authorities, the certificates they sign, and the trust directory.

Every member has two authorities of one shape. Its *node CA* signs its nodes' certificates and lies
in every peer's trust directory; its *client CA* signs its clients' and is the ca.crt of its own
nodes, so that its clients open its own RPC and nobody else's.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityRegister
from consortium_operator.engines.fisco_bcos.distinguished_name import (
    authority_name,
    leaf_name,
    subject_hash,
)
from consortium_operator.engines.fisco_bcos.identity import CLIENT_KEY
from consortium_operator.engines.fisco_bcos.keys import (
    check_rsa,
    fingerprint,
    load_key,
    load_public_key,
    load_rsa,
    pkcs8,
    read_file,
)
from consortium_operator.engines.protocol import (
    CertificateFacts,
    InvalidMaterial,
    Subject,
    Validity,
)

# The shape of a Secret of type kubernetes.io/tls, so that cert-manager's may be brought.
AUTHORITY_KEY = "tls.key"
AUTHORITY_CERTIFICATE = "tls.crt"

_CA_RSA_MIN_BITS = 2048
_CA_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


@dataclass(frozen=True, slots=True, repr=False)
class _Authority:
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: x509.Certificate


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
        {AUTHORITY_KEY: pkcs8(key), AUTHORITY_CERTIFICATE: _pem(certificate).encode()}
    )


def authority_register(authority: PrivateFiles) -> AuthorityRegister:
    """The public side of an authority, ours or a brought one.

    Raises InvalidMaterial unless it is self-signed (a chain must end in the trust directory), may
    sign certificates and key and certificate belong together.
    """
    certificate = _load_authority(authority).certificate
    return AuthorityRegister(
        certificate=_pem(certificate),
        subject_hash=subject_hash(certificate.subject),
        fingerprint=fingerprint(certificate.public_key()),
    )


def node_certificate(
    authority: PrivateFiles, subject: Subject, tls_public_key: str, validity: Validity
) -> str:
    """ssl.crt of a node, which is both server and client to its peers. PEM.

    `tls_public_key`: PEM, from the register; the private key is not needed. A certificate never
    outlives its authority: its end is then the authority's. Raises InvalidMaterial.
    """
    key = check_rsa(load_public_key(tls_public_key, "the TLS public key"), "the TLS public key")
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return _leaf(_load_authority(authority), subject, key, validity, usages)


def client_certificate(
    authority: PrivateFiles, subject: Subject, client_key: PrivateFiles, validity: Validity
) -> str:
    """sdk.crt for sdk.key. PEM; ends no later than its authority. Raises InvalidMaterial."""
    key = load_rsa(client_key, CLIENT_KEY).public_key()
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
    return _leaf(_load_authority(authority), subject, key, validity, usages)


def certificate_facts(certificate: str, authority: AuthorityRegister) -> CertificateFacts:
    """Raises InvalidMaterial where the certificate is unreadable or `authority` did not sign it."""
    leaf = _load_certificate(certificate.encode(), "the certificate")
    issuer = _load_certificate(authority.certificate.encode(), "the authority's certificate")
    if not _signed_by(leaf, issuer):
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
    authority: _Authority,
    subject: Subject,
    key: rsa.RSAPublicKey,
    validity: Validity,
    usages: list[x509.ObjectIdentifier],
) -> str:
    """basicConstraints is needed: without it a node skips its allow and deny lists (Host.cpp)."""
    issuer, name = authority.certificate, leaf_name(subject)
    if name == issuer.subject:
        raise InvalidMaterial("the certificate would have its authority's subject")
    not_after = min(validity.not_after, issuer.not_valid_after_utc)
    if not_after <= validity.not_before:
        raise InvalidMaterial(f"the authority ends on {issuer.not_valid_after_utc:%Y-%m-%d}")
    limited = Validity(validity.not_before, not_after, validity.serial)
    return _pem(
        _certificate(name, issuer.subject, key, limited)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True, key_encipherment=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(_authority_key_identifier(issuer), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


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


def _load_authority(files: PrivateFiles) -> _Authority:
    key = load_key(files, AUTHORITY_KEY)
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < _CA_RSA_MIN_BITS:
            raise InvalidMaterial(
                f"{AUTHORITY_KEY} has {key.key_size} bits: at least {_CA_RSA_MIN_BITS} are wanted"
            )
    elif not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, _CA_CURVES):
        raise InvalidMaterial(f"{AUTHORITY_KEY} is neither RSA nor ECDSA on P-256, P-384 or P-521")
    certificate = _load_certificate(read_file(files, AUTHORITY_CERTIFICATE), AUTHORITY_CERTIFICATE)
    if fingerprint(certificate.public_key()) != fingerprint(key.public_key()):
        raise InvalidMaterial(f"{AUTHORITY_CERTIFICATE} is not for the key {AUTHORITY_KEY}")
    _check_authority(certificate)
    return _Authority(key, certificate)


def _check_authority(certificate: x509.Certificate) -> None:
    try:
        extensions = {extension.oid: extension.value for extension in certificate.extensions}
    except (ValueError, x509.DuplicateExtension):
        raise InvalidMaterial(f"{AUTHORITY_CERTIFICATE} has unreadable extensions") from None
    basic = extensions.get(x509.BasicConstraints.oid)
    if not isinstance(basic, x509.BasicConstraints) or not basic.ca:
        raise InvalidMaterial(
            f"{AUTHORITY_CERTIFICATE} is no authority's: basicConstraints CA:TRUE is missing"
        )
    usage = extensions.get(x509.KeyUsage.oid)
    if isinstance(usage, x509.KeyUsage) and not usage.key_cert_sign:
        raise InvalidMaterial(
            f"{AUTHORITY_CERTIFICATE} may not sign certificates: keyUsage lacks keyCertSign"
        )
    if not _signed_by(certificate, certificate):
        raise InvalidMaterial(
            f"{AUTHORITY_CERTIFICATE} is not self-signed: nodes trust chains that end in their "
            "trust directory, so bring a root CA"
        )


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _load_certificate(pem: bytes, what: str) -> x509.Certificate:
    try:
        certificates = x509.load_pem_x509_certificates(pem)
        if len(certificates) == 1:
            # A key that cannot be read shows only when it is asked for.
            certificates[0].public_key()
            return certificates[0]
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidMaterial(f"{what} is no readable PEM certificate") from None
    raise InvalidMaterial(f"{what} holds {len(certificates)} certificates: one is wanted")


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
