"""Chains of other kinds than the quickstart's, on real pods: founded, and they make blocks."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.brought import Brought, ecdsa, node_pem, secret
from tests.e2e.conftest import namespace_for, quickstart_in
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import an_account, suite_of
from tests.kubectl import Kubectl, as_list

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(400)]

# With key identifiers, as every tool of the day writes them: strict clients ask for them.
ROOT = Brought(ecdsa(21), "WeBank root", key_id=b"root")
NODES = Brought(ecdsa(22), "WeBank nodes", under=ROOT, key_id=b"nodes", above_id=b"root")
BROUGHT = {
    "nodes": NODES.files(root=ROOT),
    "clients": Brought(ecdsa(23), "WeBank clients", key_id=b"clients").files(),
    "key": {"node.pem": node_pem(21)},
}


def of_national_cryptography(manifest: Body) -> None:
    manifest["spec"]["fiscoBcos"] = {"cryptography": "SM"}


def with_rotating_sealers(manifest: Body) -> None:
    consensus = {"type": "RPBFT", "epochSealerNum": 4, "epochBlockNum": 5}
    manifest["spec"]["fiscoBcos"] = {"consensus": consensus}


def of_listed_peers(manifest: Body) -> None:
    manifest["spec"]["fiscoBcos"] = {"peers": {"mode": "Listed"}}


def on_brought_keys(manifest: Body) -> None:
    (webank,) = (one for one in manifest["spec"]["members"] if one["name"] == "webank")
    webank["certificateAuthority"] = {"secretName": "nodes"}
    webank["clientAuthority"] = {"secretName": "clients"}
    webank["nodes"][0]["identity"] = {"secretName": "key"}


KINDS = [of_national_cryptography, with_rotating_sealers, of_listed_peers, on_brought_keys]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def chain(
    request: pytest.FixtureRequest, kubectl: Kubectl, aftermath: Aftermath
) -> Iterator[Chain]:
    change: Callable[[Body], None] = request.param
    with namespace_for(kubectl, aftermath, "kinds") as namespace:
        manifest = quickstart_in(namespace)
        change(manifest)
        made = [secret(name, files, namespace) for name, files in BROUGHT.items()]
        kubectl("create", "--filename=-", stdin=as_list(*made))
        yield Chain(kubectl, manifest)


def test_it_is_founded_makes_blocks_and_heals(chain: Chain) -> None:
    chain.apply()
    chain.wait_ready(150)
    suite = suite_of(chain)
    with member_clients(chain) as clients:
        height = clients["webank"].height()
        for client in clients.values():
            height = client.send(an_account(suite))
        assert height >= len(clients)
    chain.kubectl("delete", "pod", "quickstart-webank-shenzhen-0-0", chain.here)
    chain.wait_ready(120)
    with member_clients(chain) as clients:
        assert clients["webank"].send(an_account(suite)) > height
    assert json.dumps(chain.status()).count("nodeId") == 4
