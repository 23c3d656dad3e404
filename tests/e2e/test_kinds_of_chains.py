"""Chains of other kinds than the quickstart's, on real pods: founded, and they make blocks.

Where examples/ has such a chain, it is that one, with what a reader is asked to put in. Missing are
the fourteen organisations, whose twenty-six nodes no small machine runs (they become Ready on a
cluster in memory), and the committee, which test_governance.py brings about and then uses.
"""

import copy
import json
from collections.abc import Callable, Iterator

import pytest

from tests.brought import Brought, ecdsa, node_pem, secret
from tests.e2e.conftest import namespace_for, quickstart_in
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import an_account, suite_of
from tests.examples import brought_secrets, example, objects_of, without_image
from tests.kubectl import Kubectl, as_list

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(400)]

# With key identifiers, as every tool of the day writes them: strict clients ask for them.
ROOT = Brought(ecdsa(21), "WeBank root", key_id=b"root")
NODES = Brought(ecdsa(22), "WeBank nodes", under=ROOT, key_id=b"nodes", above_id=b"root")
BROUGHT = {
    "webank-node-ca": NODES.files(root=ROOT),
    "webank-client-ca": Brought(ecdsa(23), "WeBank clients", key_id=b"clients").files(),
    "webank-shenzhen": {"node.pem": node_pem(21)},
}
# The example's zones, in a cluster that has three.
ZONES = {
    "cn-south-1": "zone-a",
    "cn-southwest-1": "zone-b",
    "cn-east-1": "zone-c",
    "cn-northeast-1": "zone-a",
}


def rotating_sealers(namespace: str) -> list[Body]:
    manifest = quickstart_in(namespace)
    consensus = {"type": "RPBFT", "epochSealerNum": 4, "epochBlockNum": 5}
    manifest["spec"]["fiscoBcos"] = {"consensus": consensus}
    return [manifest]


def laptop(namespace: str) -> list[Body]:
    return example_in("laptop", namespace)


def national_cryptography(namespace: str) -> list[Body]:
    return example_in("national-cryptography", namespace)


def several_chains(namespace: str) -> list[Body]:
    return example_in("several-chains", namespace)


def bring_your_own_ca(namespace: str) -> list[Body]:
    found = example_in("bring-your-own-ca", namespace)
    assert brought_secrets(found[-1]) == BROUGHT.keys()
    return [*(secret(name, files, namespace) for name, files in BROUGHT.items()), *found]


def hardened(namespace: str) -> list[Body]:
    """Its namespace is the test's, which enforces the same."""
    found = [one for one in example_in("hardened", namespace) if one["kind"] != "Namespace"]
    for member in found[-1]["spec"]["members"]:
        for group in member["nodes"]:
            group["placement"]["zone"] = ZONES[group["placement"]["zone"]]
    return found


def example_in(name: str, namespace: str) -> list[Body]:
    """The objects of the file, elsewhere and with chain ids that nobody else has. The cluster knows
    the image by its catalogue alone."""
    found = []
    for number, body in enumerate(objects_of(example(name))):
        made = copy.deepcopy(body)
        if "namespace" in made["metadata"]:
            made["metadata"]["namespace"] = namespace
        if made["kind"] == "ConsortiumChain":
            made = without_image(made)
            made["spec"]["chainId"] = f"{namespace}{number}".replace("-", "")
        found.append(made)
    return found


KINDS = [
    rotating_sealers,
    laptop,
    national_cryptography,
    several_chains,
    bring_your_own_ca,
    hardened,
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def chains(
    request: pytest.FixtureRequest, kubectl: Kubectl, aftermath: Aftermath
) -> Iterator[list[Chain]]:
    make: Callable[[str], list[Body]] = request.param
    with namespace_for(kubectl, aftermath, "kinds") as namespace:
        objects = make(namespace)
        others = [one for one in objects if one["kind"] != "ConsortiumChain"]
        if others:
            kubectl("apply", "--server-side", "--filename=-", stdin=as_list(*others))
        found = [Chain(kubectl, one) for one in objects if one["kind"] == "ConsortiumChain"]
        yield found
        for chain in found:
            unprotect(chain)
        for one in others:
            if "namespace" not in one["metadata"]:
                kubectl("delete", one["kind"], one["metadata"]["name"])


def unprotect(chain: Chain) -> None:
    """Else its namespace could not be removed."""
    if chain.manifest["spec"].get("deletionProtection"):
        patch = ("--type=merge", "--patch", '{"spec":{"deletionProtection":false}}')
        chain.kubectl("patch", "cchain", chain.name, chain.here, *patch)


def test_it_is_founded_makes_blocks_and_heals(chains: list[Chain]) -> None:
    for chain in chains:
        chain.apply()
    for chain in chains:
        chain.wait_ready(150)
        makes_blocks(chain)
        runs_where_it_should(chain)
    chain = chains[0]
    height = makes_blocks(chain)
    chain.kubectl("delete", "pod", chain.pods()[0]["metadata"]["name"], chain.here)
    chain.wait_ready(120)
    assert makes_blocks(chain) > height
    assert json.dumps(chain.status()).count("nodeId") == len(chain.pods())


def runs_where_it_should(chain: Chain) -> None:
    """In the zones that the resource names, if any."""
    zones = {
        one["metadata"]["name"]: one["metadata"]["labels"]["topology.kubernetes.io/zone"]
        for one in chain.kubectl.get("nodes")["items"]
    }
    runs = {one["metadata"]["name"]: zones[one["spec"]["nodeName"]] for one in chain.pods()}
    for member in chain.manifest["spec"]["members"]:
        for group in member["nodes"]:
            for number in range(group.get("count", 1)):
                pod = f"{chain.name}-{member['name']}-{group['name']}-{number}-0"
                assert runs[pod] == group.get("placement", {}).get("zone", runs[pod])


def makes_blocks(chain: Chain) -> int:
    """One with a transaction of each member. The height."""
    suite = suite_of(chain)
    with member_clients(chain) as clients:
        height = 0
        for client in clients.values():
            height = client.send(an_account(suite))
        assert height >= len(clients)
    return height
