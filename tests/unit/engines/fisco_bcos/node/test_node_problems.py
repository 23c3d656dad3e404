"""What the operator says of a node that does not answer, or not as a node of the chain does."""

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.quiet import Glance
from consortium_operator.chain.view import NodeView, Silence
from consortium_operator.engines.fisco_bcos import identity
from consortium_operator.engines.fisco_bcos.node import client as node_client
from consortium_operator.engines.fisco_bcos.node.rpc import Limits
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD
from consortium_operator.engines.protocol import (
    ClientIdentity,
    NodeEndpoint,
)
from tests import observed
from tests.unit.engines.fisco_bcos.material import authority, certify, subject, tls_key, validity
from tests.unit.engines.fisco_bcos.node.scripted_node import (
    HEALTHY,
    NODE,
    NODE_ID,
    PATIENT,
    Deed,
    ScriptedNode,
    asking,
    client,
    pinned,
    result,
    running,
    server_certificate,
    server_context,
)

HASTY = Limits(connect=1.0, call=5, view=10)


def sync_status(**changed: object) -> bytes:
    healthy = json.loads(json.loads(observed.raw("getSyncStatus"))["result"])
    return result(json.dumps({**healthy, **changed}))


async def problem_of(node: ScriptedNode, limits: Limits = PATIENT) -> str:
    view = await asking(limits).view(node.endpoint, client())
    assert view.problem is not None
    assert view == NodeView(NODE, problem=view.problem, silence=view.silence)
    return view.problem


async def test_a_closed_port_refuses_connections(unused_tcp_port: int) -> None:
    endpoint = NodeEndpoint(NODE, "127.0.0.1", unused_tcp_port, pinned())
    view = await asking().view(endpoint, client())
    assert view.problem == "refuses connections: Connection refused"
    assert view.silence is Silence.UNREACHABLE
    assert not view.answers


async def test_a_name_without_an_address_does_not_resolve() -> None:
    endpoint = NodeEndpoint(NODE, "nobody.invalid", 20200, pinned())
    view = await asking().view(endpoint, client())
    assert view.problem == "has a name that does not resolve: nobody.invalid"


async def test_a_stopped_process_hangs() -> None:
    """The kernel still completes TCP for it; nobody answers the TLS handshake."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = NodeEndpoint(NODE, "127.0.0.1", silent.getsockname()[1], pinned())
        view = await asking(HASTY).view(endpoint, client())
        glance = await asking(HASTY).glance(endpoint, client())
    assert view.problem == "takes connections, but answers no handshake within 1 s"
    assert view.silence is Silence.HANGS
    assert glance == Glance(NODE, problem=view.problem, silence=view.silence)


async def test_what_cannot_be_reached_is_not_said_to_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be the operator that is cut off."""

    async def takes_none(endpoint: NodeEndpoint, within: float) -> bool:
        return False

    monkeypatch.setattr(node_client, "takes_connections", takes_none)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = NodeEndpoint(NODE, "127.0.0.1", silent.getsockname()[1], pinned())
        view = await asking(HASTY).view(endpoint, client())
    assert view.problem == "accepts no connection within 1 s"
    assert view.silence is Silence.UNREACHABLE


async def test_an_impostor_is_told_nothing(tmp_path: Path) -> None:
    """Its certificate is of the right authority; its key is not the one on record."""
    key = identity.new_tls_key(STANDARD)
    node_key = identity.new_node_key(STANDARD)
    public = identity.node_register(STANDARD, node_key, key).tls_public_key
    certificate = certify(authority(), subject("shenzhen-0"), validity(), public)
    async with running(tmp_path, certificate=certificate, key=key) as node:
        assert await problem_of(node) == "shows another TLS key than the one on record"
        assert node.asked == []


async def test_another_members_client_is_refused(tmp_path: Path) -> None:
    """By an alert, as real nodes send it; a server of asyncio would hang up without one."""

    def refuse(listener: socket.socket, context: ssl.SSLContext) -> None:
        connection, _ = listener.accept()
        with pytest.raises(ssl.SSLError), connection:
            context.wrap_socket(connection, server_side=True)

    context = server_context(server_certificate(), tls_key(), tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        refused = asyncio.create_task(asyncio.to_thread(refuse, listener, context))
        endpoint = NodeEndpoint(NODE, "127.0.0.1", port, pinned())
        view = await asking().view(endpoint, client("boc"))
        await refused
    assert view.problem == "refuses the operator's client certificate: tlsv1 alert unknown ca"


async def test_a_server_without_tls_fails_in_the_handshake(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        view = await asking().view(NodeEndpoint(NODE, "127.0.0.1", port, pinned()), client())
    assert view.problem is not None
    assert view.problem.startswith("fails in the TLS handshake: ")


async def test_nothing_is_ever_said_in_plain_text_to_a_node_of_tls(tmp_path: Path) -> None:
    """It would be answered: what listens there speaks the node's own words, without TLS."""
    async with running(tmp_path, plain=True) as node:
        endpoint = replace(node.endpoint, plain=False)
        view = await asking(Limits(connect=0.4, call=0.4, view=1)).view(endpoint, client())
        assert view.problem is not None
        assert node.asked == []


async def test_a_node_without_tls_is_read_in_plain_text(tmp_path: Path) -> None:
    async with running(tmp_path, plain=True) as node:
        view = await asking().view(node.endpoint, client())
    assert view.problem is None
    assert view.node_id == NODE_ID


async def test_a_node_of_tls_is_not_read_in_plain_text(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        view = await asking().view(replace(node.endpoint, plain=True), client())
        assert view.problem is not None
        assert view.silence is None
        assert node.asked == []


async def test_a_server_that_hangs_up_breaks_the_handshake_off() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        view = await asking().view(NodeEndpoint(NODE, "127.0.0.1", port, pinned()), client())
    assert view.problem == (
        "breaks the TLS handshake off; perhaps it refuses the client certificate"
    )


async def test_a_hanging_gateway_makes_a_node_count_as_down(tmp_path: Path) -> None:
    async with running(tmp_path, {**HEALTHY, "getPeers": Deed.HANG}) as node:
        asker = asking(replace(PATIENT, call=4))
        view, glance = await asyncio.gather(
            asker.view(node.endpoint, client()), asker.glance(node.endpoint, client())
        )
    assert view.problem == "does not answer getPeers within 4 s: its gateway hangs"
    assert view.silence is Silence.HANGS
    assert glance == Glance(NODE, problem=view.problem, silence=view.silence)


async def test_a_node_of_another_group_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, {**HEALTHY, "getSyncStatus": observed.raw("badGroup")}) as node:
        problem = await problem_of(node)
    assert problem.startswith(
        "answers getSyncStatus with an error: Invalid request for the specified node"
    )
    assert "group=group9" in problem


async def test_an_unknown_method_is_named(tmp_path: Path) -> None:
    async with running(tmp_path, {**HEALTHY, "getGroupInfo": observed.raw("badMethod")}) as node:
        assert await problem_of(node) == (
            "answers getGroupInfo with an error: The method does not exist/is not available."
        )


async def test_a_nodes_words_are_shown_in_one_bounded_line(tmp_path: Path) -> None:
    error = json.dumps({"error": {"message": "a\n\x1b[31m" + "b" * 9999}}).encode()
    async with running(tmp_path, {**HEALTHY, "getPeers": error}) as node:
        problem = await problem_of(node)
    assert problem.startswith("answers getPeers with an error: a  [31mbbb")
    assert len(problem) < 250
    assert problem.isprintable()


WRONG_ANSWERS: dict[str, tuple[str, bytes | Deed, str]] = {
    "no JSON": ("getPeers", b"hello", "answers getPeers with something else than JSON"),
    "no object": ("getPeers", b"[]", "answers getPeers with neither a result nor an error"),
    "no result": ("getPeers", b"{}", "answers getPeers with neither a result nor an error"),
    "JSON without end": (
        "getPeers",
        b"[" * 500_000,
        "answers getPeers with something else than JSON",
    ),
    "an error that is a string": (
        "getPeers",
        b'{"error":"no"}',
        "answers getPeers with an error: no",
    ),
    "a status that is no JSON": (
        "getSyncStatus",
        result("hello"),
        "answers getSyncStatus in an unknown shape",
    ),
    "a status without a height": (
        "getSyncStatus",
        result('{"nodeID":"a"}'),
        "answers getSyncStatus in an unknown shape",
    ),
    "weights that are words": (
        "getSealerList",
        result([{"nodeID": "a", "weight": "heavy"}]),
        "answers getSealerList in an unknown shape",
    ),
    "observers that are no list": (
        "getObserverList",
        result("none"),
        "answers getObserverList in an unknown shape",
    ),
    "a genesis that is not hex": (
        "getBlockByNumber",
        result({"hash": "0x", "extraData": "0xzz"}),
        "answers getBlockByNumber in an unknown shape",
    ),
    "a group without nodes": (
        "getGroupInfo",
        result({"nodeList": []}),
        "answers getGroupInfo in an unknown shape",
    ),
    "a height that no other program can hold": (
        "getSyncStatus",
        sync_status(blockNumber=10**400),
        "answers getSyncStatus in an unknown shape",
    ),
    "a weight that the status cannot hold": (
        "getSealerList",
        result([{"nodeID": NODE_ID, "weight": 2**63}]),
        "answers getSealerList in an unknown shape",
    ),
    "more peers than a chain has": (
        "getSyncStatus",
        sync_status(peers=[{"nodeID": f"{n:0128x}"} for n in range(1025)]),
        "answers getSyncStatus in an unknown shape",
    ),
    "a version that is a book": (
        "getGroupInfo",
        result({"nodeList": [{"iniConfig": json.dumps({"binaryInfo": {"version": "3" * 65}})}]}),
        "answers getGroupInfo in an unknown shape",
    ),
    "a genesis as long as a ledger": (
        "getBlockByNumber",
        result({"hash": "0x", "extraData": "0x" + "00" * (1 << 17)}),
        "answers getBlockByNumber in an unknown shape",
    ),
    "no HTTP": ("getPeers", Deed.NOT_HTTP, "answers getPeers with something else than HTTP"),
    "too much": ("getPeers", Deed.ENDLESS, "answers getPeers with more than 2 MiB"),
    "hanging up": ("getPeers", Deed.CLOSE, "breaks the connection off during getPeers"),
}


@pytest.mark.parametrize("case", WRONG_ANSWERS)
async def test_a_wrong_answer_is_a_problem(case: str, tmp_path: Path) -> None:
    method, deed, problem = WRONG_ANSWERS[case]
    async with running(tmp_path, {**HEALTHY, method: deed}) as node:
        view = await asking().view(node.endpoint, client())
    assert view == NodeView(NODE, problem=problem, silence=None)


async def test_a_node_slow_in_everything_is_given_up(tmp_path: Path) -> None:
    limits = Limits(connect=10, call=10, view=0.5)
    async with running(tmp_path, {**HEALTHY, "getConsensusStatus": Deed.HANG}) as node:
        problem = await problem_of(node, limits)
    assert problem == "does not answer everything within 0.5 s"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: ClientIdentity(PrivateFiles({}), found.certificate),
        lambda found: ClientIdentity(found.key, "garbage"),
        lambda found: ClientIdentity(
            PrivateFiles({"sdk.key": identity.new_client_key()["sdk.key"]}), found.certificate
        ),
    ],
    ids=["no key", "no certificate", "another key"],
)
async def test_an_unusable_client_identity_is_a_problem(
    spoil: Callable[[ClientIdentity], ClientIdentity], tmp_path: Path
) -> None:
    async with running(tmp_path) as node:
        view = await asking().view(node.endpoint, spoil(client()))
    assert view.problem is not None
    assert view.problem.startswith("cannot be asked: ")
    assert "PRIVATE" not in view.problem


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from(["getConsensusStatus", "getSyncStatus", "getSealerList", "getGroupInfo"]),
    json_values | json_values.map(json.dumps),
)
async def test_no_answer_makes_a_view_raise(tmp_path: Path, method: str, value: object) -> None:
    async with running(tmp_path, {**HEALTHY, method: result(value)}) as node:
        view = await asking().view(node.endpoint, client())
    assert view.answers == (view.problem is None)
