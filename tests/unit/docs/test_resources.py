"""Every resource that somebody may copy out of the documents is a good one."""

import subprocess
from pathlib import Path

import pytest

from consortium_operator.api.parse import parse
from consortium_operator.chain.plan import make_plan
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.registry import ENGINES
from tests.chains import SETTINGS
from tests.documents import CHAINS, DOCUMENTS, FOREIGN, Document, Written, objects_of
from tests.resources import REPOSITORY

BRING_YOUR_OWN = Document(REPOSITORY / "docs" / "bring-your-own.md")


def test_the_quickstart_and_the_examples_show_resources() -> None:
    places = {chain.where.partition(":")[0] for chain in CHAINS}
    assert {"docs/quickstart.md", "quickstart.yaml"} <= places


@pytest.mark.parametrize("written", CHAINS, ids=str)
def test_a_resource_in_the_documents_is_accepted(written: Written) -> None:
    chain = parse(written.body)
    assert ENGINES[chain.spec.engine].problems(chain) == ()
    plan = make_plan(chain, SETTINGS)
    assert len(plan.sealers) >= 4, "what people copy survives the loss of a node"


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_what_a_document_shows_is_a_chain_or_known_to_be_another_projects(
    document: Document,
) -> None:
    for body in objects_of(document):
        assert body["kind"] == "ConsortiumChain" or (body["apiVersion"], body["kind"]) in FOREIGN


def test_the_secrets_that_a_member_brings_are_made_on_the_same_page() -> None:
    (chain,) = (one for one in objects_of(BRING_YOUR_OWN) if one["kind"] == "ConsortiumChain")
    (member,) = (one for one in chain["spec"]["members"] if "certificateAuthority" in one)
    namespace = chain["metadata"]["namespace"]
    commands = "".join(BRING_YOUR_OWN.blocks("sh"))
    identity = member["nodes"][0]["identity"]["secretName"]
    assert f"create secret generic {identity} --namespace {namespace} " in commands
    certificates = {
        one["spec"]["secretName"]: one
        for one in objects_of(BRING_YOUR_OWN)
        if one["kind"] == "Certificate"
    }
    authorities = [
        member[field]["secretName"] for field in ("certificateAuthority", "clientAuthority")
    ]
    assert sorted(certificates) == sorted(authorities)
    for one in certificates.values():
        assert one["metadata"]["namespace"] == namespace
        assert one["spec"]["isCA"] is True
        assert "cert sign" in one["spec"]["usages"]
        # Another key at each renewal would be refused by the running chain.
        assert one["spec"]["privateKey"]["rotationPolicy"] == "Never"


def test_the_commands_for_keys_make_what_the_operator_accepts(tmp_path: Path) -> None:
    """Those of OpenSSL are run as they stand on the page."""
    for block in BRING_YOUR_OWN.blocks("sh"):
        command = block.partition("kubectl")[0]
        subprocess.run(command, shell=True, cwd=tmp_path, check=True, capture_output=True)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    engine = ENGINES["FiscoBcos"]
    assert engine.node_id(PrivateFiles({"node.pem": files["node.pem"]}))
    authority = {"tls.key": files["node-ca.key"], "tls.crt": files["node-ca.crt"]}
    assert engine.authority_register(AuthorityKind.NODE, PrivateFiles(authority)).chain == ""
