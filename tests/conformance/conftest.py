"""The same expectations for any node: `pytest tests/conformance --node-command /path/fisco-bcos`.

Without the option the stand-in is tested, emulating the release that a case asks for. It may be
given several times, for several releases. Nothing in here uses what only the stand-in has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conformance.support.binaries import Binaries, Binary
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import Chain, prepare, running

Start = Callable[[ChainOptions], Chain]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--node-command",
        action="append",
        default=[],
        help="a node's program, to hold against the cases of tests/conformance; may be repeated",
    )


@pytest.fixture(scope="session")
def binaries(request: pytest.FixtureRequest) -> Binaries:
    # No option where the directory was not named on the command line: the stand-in then.
    return Binaries(request.config.getoption("--node-command", default=[]))


@pytest.fixture(scope="session")
def binary(binaries: Binaries) -> Binary:
    """The newest one at hand."""
    return binaries.main


@pytest.fixture
def start(binary: Binary, tmp_path: Path) -> Iterator[Start]:
    """Starts chains that end with the test."""
    with ExitStack() as stack:

        def begin(options: ChainOptions) -> Chain:
            return stack.enter_context(running(prepare(binary, tmp_path, options)))

        yield begin


@pytest.fixture
def made(binary: Binary, tmp_path: Path) -> Iterator[Start]:
    """Prepares files of chains; what was started of them ends with the test."""
    chains: list[Chain] = []

    def make(options: ChainOptions) -> Chain:
        chains.append(prepare(binary, tmp_path, options))
        return chains[-1]

    yield make
    for chain in chains:
        chain.stop()
