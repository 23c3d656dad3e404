"""The cluster's certificates and kubeconfigs.

ECDSA P-256 throughout: making an RSA key takes longer than starting a component. Keys are made
once per sandbox and live in its directory, readable by root only; they guard nothing but a
cluster that no network reaches.
"""

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from consortium_sandbox.embedded.layout import Layout
from consortium_sandbox.embedded.topology import KUBERNETES_SERVICE, Topology

_VALID = timedelta(days=3650)
# Clocks of virtual machines jump back.
_LEEWAY = timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """A certificate to make: file name, subject, and the names and addresses it serves."""

    file: str
    common_name: str
    organisation: str | None = None
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def identities(topology: Topology) -> list[Identity]:
    """Who needs a certificate."""
    service = "kubernetes.default.svc"
    api_server = Identity(
        "apiserver",
        "kube-apiserver",
        names=("kubernetes", "kubernetes.default", service, f"{service}.cluster.local"),
        addresses=("127.0.0.1", KUBERNETES_SERVICE, topology.address, topology.host_facing),
    )
    masters = "system:masters"
    return [
        api_server,
        Identity("admin", "sandbox-admin", masters),
        Identity("kubelet-client", "kube-apiserver-kubelet-client", masters),
        Identity("controller-manager", "system:kube-controller-manager"),
        Identity("scheduler", "system:kube-scheduler"),
        Identity("kube-proxy", "system:kube-proxy"),
        # These have no role of their own in Kubernetes and run outside its pods.
        Identity("coredns", "sandbox-coredns", masters),
        Identity("provisioner", "sandbox-provisioner", masters),
        Identity("kwok", "sandbox-kwok", masters),
        *(
            Identity(
                node.name,
                f"system:node:{node.name}",
                "system:nodes",
                names=(node.name,),
                addresses=(node.address,),
            )
            for node in topology.nodes
        ),
    ]


def ensure(layout: Layout, topology: Topology) -> None:
    """Makes the CA, the certificates and the kubeconfigs that are missing."""
    layout.pki.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_key, ca = _ensure_ca(layout.pki)
    _ensure_service_account_keys(layout.pki)
    for identity in identities(topology):
        if not (layout.pki / f"{identity.file}.crt").exists():
            key = ec.generate_private_key(ec.SECP256R1())
            _write_pair(layout.pki, identity.file, key, _issue(identity, key, ca_key, ca))
        inside = layout.pki / f"{identity.file}.kubeconfig"
        if not inside.exists():
            _write(inside, _kubeconfig(layout, topology.sandbox, identity.file, topology.server))
    outside = _kubeconfig(layout, topology.sandbox, "admin", topology.host_server)
    _write(layout.kubeconfig, outside)


def _ensure_ca(pki: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    if not (pki / "ca.crt").exists():
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("sandbox-ca", None)
        builder = _builder(name, name, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_ca_usage(), critical=True)
        subject = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(subject, critical=False)
        _write_pair(pki, "ca", key, builder.sign(key, hashes.SHA256()))
    loaded = serialization.load_pem_private_key((pki / "ca.key").read_bytes(), password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded, x509.load_pem_x509_certificate((pki / "ca.crt").read_bytes())


def _ca_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _issue(
    identity: Identity,
    key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
) -> x509.Certificate:
    subject = _name(identity.common_name, identity.organisation)
    builder = _builder(subject, ca.subject, key.public_key())
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
    serves = [
        *(x509.DNSName(name) for name in identity.names),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in identity.addresses),
    ]
    if serves:
        usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
        builder = builder.add_extension(x509.SubjectAlternativeName(serves), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    # Python's ssl refuses a chain without it (VERIFY_X509_STRICT, on by default since 3.13).
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = builder.add_extension(authority, critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def _name(common_name: str, organisation: str | None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LEEWAY)
        .not_valid_after(now + _VALID)
    )


def _ensure_service_account_keys(pki: Path) -> None:
    if (pki / "service-account.pub").exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    _write(pki / "service-account.key", _pem(key))
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write(pki / "service-account.pub", public)


def _kubeconfig(layout: Layout, cluster: str, file: str, server: str) -> bytes:
    """Paths, not embedded keys: the files are beside it and go away with it."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": file}}],
        "clusters": [
            {
                "name": cluster,
                "cluster": {"server": server, "certificate-authority": f"{layout.pki}/ca.crt"},
            }
        ],
        "users": [
            {
                "name": file,
                "user": {
                    "client-certificate": f"{layout.pki}/{file}.crt",
                    "client-key": f"{layout.pki}/{file}.key",
                },
            }
        ],
    }
    return yaml.safe_dump(document, sort_keys=False).encode()


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_pair(
    pki: Path, file: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> None:
    """The key first: a certificate on disk says that its key is there too."""
    _write(pki / f"{file}.key", _pem(key))
    _write(pki / f"{file}.crt", certificate.public_bytes(serialization.Encoding.PEM))


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    unfinished.rename(path)
