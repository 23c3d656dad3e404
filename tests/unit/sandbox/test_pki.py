"""Certificates that Kubernetes accepts for who they say, made once."""

import stat
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID

from consortium_sandbox.embedded import pki
from consortium_sandbox.embedded.layout import Layout
from consortium_sandbox.embedded.topology import Topology

TOPOLOGY = Topology("demo", 7, 2)


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr("consortium_sandbox.embedded.layout.STATE_ROOT", tmp_path)
    made = Layout("demo")
    made.root.mkdir()
    pki.ensure(made, TOPOLOGY)
    return made


def certificate(layout: Layout, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((layout.pki / f"{name}.crt").read_bytes())


def test_every_certificate_is_signed_by_the_authority(layout: Layout) -> None:
    authority = certificate(layout, "ca")
    for identity in pki.identities(TOPOLOGY):
        certificate(layout, identity.file).verify_directly_issued_by(authority)


def test_a_node_is_who_the_node_authorizer_expects(layout: Layout) -> None:
    subject = certificate(layout, "node-2").subject
    (name,) = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    (organisation,) = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert (name.value, organisation.value) == ("system:node:node-2", "system:nodes")


def test_the_api_server_may_be_called_by_all_its_addresses(layout: Layout) -> None:
    extension = certificate(layout, "apiserver").extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    addresses = {str(each) for each in extension.value.get_values_for_type(x509.IPAddress)}
    assert {"10.96.0.1", TOPOLOGY.address, TOPOLOGY.host_facing} <= addresses


def test_private_keys_are_for_root_only(layout: Layout) -> None:
    keys = [*layout.pki.glob("*.key"), layout.kubeconfig]
    assert len(keys) > 5
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert stat.S_IMODE(layout.pki.stat().st_mode) == 0o700


def test_a_second_call_keeps_everything_and_adds_new_nodes(layout: Layout) -> None:
    before = {path: path.read_bytes() for path in layout.pki.iterdir()}
    pki.ensure(layout, Topology("demo", 7, 3))
    after = {path: path.read_bytes() for path in layout.pki.iterdir()}
    assert before.items() <= after.items()
    assert {path.name for path in after.keys() - before.keys()} == {
        "node-3.crt",
        "node-3.key",
        "node-3.kubeconfig",
    }


def test_the_machine_and_the_nodes_use_their_own_address_of_the_server(layout: Layout) -> None:
    outside = yaml.safe_load(layout.kubeconfig.read_text())
    inside = yaml.safe_load((layout.pki / "node-1.kubeconfig").read_text())
    assert outside["clusters"][0]["cluster"]["server"] == "https://10.201.7.253:6443"
    assert inside["clusters"][0]["cluster"]["server"] == "https://10.201.7.1:6443"
