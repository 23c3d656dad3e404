"""From one release to the next (section 4.4), and a chain on every release."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.conformance.support.binaries import NEWEST, RELEASES, Binaries, Binary
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import (
    Chain,
    NodeProcess,
    RpcFailed,
    output_code,
    prepare,
    running,
    wait_until,
)

SET_VALUE = "setValueByKey(string,string)"


@pytest.fixture(
    params=[
        ("3.15.2", "3.16.4"),
        # No flag is new between these two: there the version alone makes the difference.
        pytest.param(("3.16.0", "3.16.3"), marks=pytest.mark.campaign),
    ],
    ids=" to ".join,
)
def both(binaries: Binaries, request: pytest.FixtureRequest) -> tuple[Binary, Binary]:
    """An older and a newer release."""
    found = [binaries.of(version) for version in request.param]
    if None in found:
        pytest.skip(f"binaries of {' and '.join(request.param)} are needed")
    old, new = (binary for binary in found if binary)
    return old, new


def replace_binary(chain: Chain, index: int, binary: Binary) -> NodeProcess:
    """Stop a node and start another program on its data."""
    files, admin = chain.nodes[index].files, chain.nodes[index].admin
    assert chain.nodes[index].stop() == 0
    chain.nodes[index] = NodeProcess(binary, files, admin).start()
    chain.nodes[index].wait_answering()
    return chain.nodes[index]


TOO_NEW = "The block version is larger than maxSupportedVersion"


def set_flags(node: NodeProcess) -> set[str]:
    """The flags that the node finds set on its chain, of those it knows."""
    info = node.rpc("getGroupInfo", "group0")["nodeList"][0]
    found = set()
    for flag in info["featureKeys"]:
        with contextlib.suppress(RpcFailed):
            if node.group("getSystemConfigByKey", flag)["value"] == "1":
                found.add(flag)
    return found


def header_version(node: NodeProcess, number: int) -> int:
    return int(node.group("getBlockByNumber", number, True, False)["version"])


def test_a_chain_is_upgraded_node_by_node_and_its_data_last(
    both: tuple[Binary, Binary], tmp_path: Path
) -> None:
    """4.4: binaries one at a time, data stay at the old version until a transaction raises it.

    An older binary then follows no more: it refuses blocks of a larger version than its own, and
    where the raise switched on flags that it does not know, already the block of the raise.
    """
    old, new = both
    options = ChainOptions(sealers=4, version=old.version)
    with running(prepare(old, tmp_path, options)) as chain:
        chain.wait_connected()
        height = chain.nodes[0].send()["blockNumber"]
        for index in range(3):
            chain.wait_height(height)
            node = replace_binary(chain, index, new)
            chain.wait_connected()
            height = node.send()["blockNumber"]
        newer, older = chain.nodes[:3], chain.nodes[3]
        chain.wait_height(height)
        before = header_version(older, height)

        known_flags = set_flags(older)
        raised = newer[0].transact(0x1000, SET_VALUE, "compatibility_version", new.version)
        assert output_code(raised) == 0
        height = newer[1].send()["blockNumber"]
        chain.wait_height(height, newer)
        assert header_version(newer[0], height) > before
        flags = set_flags(newer[0])
        assert flags > known_flags if new.version == NEWEST else flags == known_flags
        if flags == known_flags:
            wait_until(lambda: TOO_NEW in older.output, "the older one refuses a block")
        newer[2].send()
        assert older.height() < height

        replace_binary(chain, 3, new)
        chain.wait_height(height)


@pytest.mark.campaign
@pytest.mark.parametrize("release", RELEASES)
def test_a_chain_is_founded_on_every_release(
    release: str, binaries: Binaries, tmp_path: Path
) -> None:
    binary = binaries.of(release)
    if binary is None:
        pytest.skip(f"no binary of {release}")
    with running(prepare(binary, tmp_path, ChainOptions())) as chain:
        (node,) = chain.nodes
        assert node.send()["status"] == 0
        info = node.rpc("getGroupInfo", "group0")["nodeList"][0]
        assert f'"version":"{release}"' in info["iniConfig"]
        # Lists that came later are not there yet.
        assert ("supportConfigs" in info) == (binary.number >= (3, 9, 0))
        (sealer,) = node.group("getSealerList")
        assert ("termWeight" in sealer) == (binary.number >= (3, 12, 0))
        before = node.group("getBlockHashByNumber", 0)
        header = node.group("getBlockByNumber", 0, False, False)["hash"]
        # executor.version 1, which hides the header's hash, came with 3.15.
        assert (before == header) == (binary.number < (3, 15, 0))
