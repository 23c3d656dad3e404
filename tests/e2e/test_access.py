"""Who can reach what: TLS on RPC, and pods in the chain's namespace."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.e2e.support.chain import Chain, label_of
from tests.e2e.support.forward import PortForward
from tests.e2e.support.sdk import RPC_PORT, Identity, sdk_identity, secret_data


@pytest.fixture(scope="module")
def pods(quickstart: Chain) -> dict[str, str]:
    """The one pod of each member."""
    return {str(label_of(pod, "member")): pod["metadata"]["name"] for pod in quickstart.pods()}


@pytest.fixture(scope="module")
def identities(quickstart: Chain, pods: dict[str, str]) -> dict[str, Identity]:
    """What each member's applications were given."""
    return {member: sdk_identity(quickstart, member) for member in pods}


@pytest.fixture(scope="module")
def doors(quickstart: Chain, pods: dict[str, str]) -> Iterator[dict[str, PortForward]]:
    """The way to the RPC port of each member's node."""
    with ExitStack() as stack:
        yield {
            member: stack.enter_context(
                PortForward(quickstart.kubectl, quickstart.namespace, f"pod/{pod}", RPC_PORT)
            )
            for member, pod in pods.items()
        }


def is_let_in(door: PortForward, identity: Identity) -> bool:
    """Whether the node ends the handshake well: in TLS 1.2 it has judged the client by then."""
    with socket.create_connection(("127.0.0.1", door.port()), timeout=10) as plain:
        try:
            identity.context().wrap_socket(plain).close()
        except ssl.SSLCertVerificationError:
            raise  # it is the client that does not believe the node
        except (ssl.SSLError, ConnectionError):
            return False
        return True


def test_a_members_client_opens_its_own_nodes_and_no_other_members(
    doors: dict[str, PortForward], identities: dict[str, Identity]
) -> None:
    # Everybody believes in the other's nodes: their CA is no secret.
    opened = {
        (client, owner)
        for owner, door in doors.items()
        for client, mine in identities.items()
        if is_let_in(door, replace(mine, ca=identities[owner].ca))
    }
    assert opened == {(member, member) for member in doors}


def node_identity(chain: Chain, member: str) -> Identity:
    """What the node of `member` shows to its peers."""
    (shown,) = (
        one
        for one in chain.children("configmaps")
        if label_of(one, "part") == "certificate" and label_of(one, "member") == member
    )
    key = secret_data(chain, f"{label_of(shown, 'node')}-tls-1")["ssl.key"]
    return Identity(shown["data"]["ssl.crt"].encode(), key, ca=b"")


def test_a_nodes_certificate_opens_no_rpc(
    quickstart: Chain, doors: dict[str, PortForward], identities: dict[str, Identity]
) -> None:
    shown = node_identity(quickstart, "webank")
    for owner, door in doors.items():
        assert not is_let_in(door, replace(shown, ca=identities[owner].ca))
        assert is_let_in(door, identities[owner]), "the way is open to whom it should be"


def test_a_privileged_pod_is_refused_in_the_chains_namespace(quickstart: Chain) -> None:
    container = {"name": "main", "image": "any", "securityContext": {"privileged": True}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "intruder", "namespace": quickstart.namespace},
        "spec": {"containers": [container]},
    }
    done = quickstart.kubectl.attempt("create", "--filename=-", stdin=json.dumps(pod))
    assert done.returncode != 0
    assert 'violates PodSecurity "restricted' in done.stderr
    assert "privileged (container" in done.stderr
