"""A member's own CAs and node key, on a real API server and with the chart's rights: read by name,
founded on, followed when they are renewed, and never written."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, STATEFUL_SET
from tests.api_server import Api, Body, path_of
from tests.brought import Brought, ecdsa, node_pem, secret
from tests.integration.operator.conftest import Namespaces, NewChain, violations_of
from tests.integration.operator.support.chain import Chain, members
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until

ROOT = Brought(ecdsa(11), "WeBank root")
NODE_CA = Brought(ecdsa(12), "WeBank nodes", under=ROOT)
CLIENT_CA = Brought(ecdsa(13), "WeBank clients")
SECRETS: Mapping[str, Mapping[str, bytes]] = {
    "nodes": NODE_CA.files(root=ROOT),
    "clients": CLIENT_CA.files(root=CLIENT_CA),
    "key": {"node.pem": node_pem(11)},
}
WEBANK: Body = {
    "name": "webank",
    "certificateAuthority": {"secretName": "nodes"},
    "clientAuthority": {"secretName": "clients"},
    "nodes": [{"name": "n", "identity": {"secretName": "key"}}],
}
BOTH = [*members("tencent"), WEBANK]


def bring(api: Api, namespace: str, *names: str) -> None:
    for name in names or SECRETS:
        api.create(SECRET, namespace, secret(name, SECRETS[name], namespace))


def versions(chain: Chain) -> dict[str, str]:
    """Of the brought Secrets."""
    found = {name: chain.get(SECRET, name) for name in SECRETS}
    return {name: obj["metadata"]["resourceVersion"] for name, obj in found.items() if obj}


@pytest.fixture(scope="module")
def founded(api: Api, namespaces: Namespaces, operator: OperatorProcess) -> Chain:
    chain = Chain(api, namespaces.make(), operator.log, of=BOTH)
    since = api.version(chain.namespace)
    bring(api, chain.namespace)
    before = versions(chain)
    chain.found()
    assert versions(chain) == before
    assert violations_of(api, chain.namespace, since) == []
    return chain


def certificate_of(chain: Chain, node: str) -> Body:
    (found,) = (
        obj["data"]
        for obj in chain.children(CONFIG_MAP)
        if obj["metadata"]["name"].startswith(f"{node}-cert-")
    )
    data: Body = found
    return data


def data_of(chain: Chain, name: str) -> Body:
    found = chain.get(CONFIG_MAP, name)
    assert found is not None, name
    data: Body = found["data"]
    return data


def test_a_chain_is_founded_on_what_a_member_brings(founded: Chain) -> None:
    files = certificate_of(founded, "trade-webank-n-0")
    leaf, issuer = x509.load_pem_x509_certificates(files["ssl.crt"].encode())
    assert issuer == NODE_CA.certificate
    leaf.verify_directly_issued_by(issuer)
    assert files["ca.crt"].encode() == CLIENT_CA.pem
    assert ROOT.pem.decode() in data_of(founded, "trade-trust").values()


def test_the_operator_makes_only_what_was_not_brought(founded: Chain) -> None:
    made = {path_of(obj) for obj in founded.children(SECRET)}
    assert "Secret/trade-tencent-node-ca-1" in made
    assert made.isdisjoint(
        f"Secret/trade-webank-{what}" for what in ("node-ca-1", "client-ca-1", "n-0-identity")
    )


def test_the_pod_mounts_its_owners_secret(founded: Chain) -> None:
    found = founded.get(STATEFUL_SET, "trade-webank-n-0")
    assert found is not None
    volumes = found["spec"]["template"]["spec"]["volumes"]
    sources = [source for one in volumes for source in one.get("projected", {}).get("sources", [])]
    assert {"name": "key", "items": [{"key": "node.pem", "path": "node.pem"}]} in [
        source["secret"] for source in sources if "secret" in source
    ]


def test_renewed_certificates_are_recorded_beside_the_register(
    founded: Chain, operator: OperatorProcess
) -> None:
    register = data_of(founded, "trade-webank-client-ca-1")
    new = replace(CLIENT_CA, not_after=CLIENT_CA.not_after + timedelta(days=1))
    data = secret("clients", new.files(root=new))["data"]
    founded.api.patch(SECRET, founded.namespace, "clients", {"data": data})
    operator.restart()
    wait_until(lambda: renewals(founded), "the renewed CA", founded.report)
    (renewal,) = renewals(founded)
    assert renewal["data"]["ca.crt"].encode() == new.pem
    assert renewal["immutable"] is True
    assert "ownerReferences" not in renewal["metadata"]
    assert data_of(founded, "trade-webank-client-ca-1") == register


def renewals(chain: Chain) -> list[Body]:
    return [
        obj
        for obj in chain.children(CONFIG_MAP)
        if obj["metadata"]["name"].startswith("trade-webank-client-ca-1-")
    ]


@pytest.mark.campaign
def test_nothing_is_made_until_all_that_is_brought_is_there(
    new_chain: NewChain, api: Api, namespace: str
) -> None:
    chain = new_chain(of=BOTH)
    bring(api, namespace, "nodes", "clients")
    chain.create()
    told = chain.wait("IdentitiesIntact", "False", "SecretNotFound", says="Secret key ")
    assert namespace in told["message"]
    assert chain.children() == []
    bring(api, namespace, "key")
    chain.poke()
    chain.wait_founded()
