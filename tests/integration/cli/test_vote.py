"""`consortium vote` against running node processes: what a governor sees, and what a vote does."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.node.governance import Governance
from tests.integration.engines.fisco_bcos_chain import LocalChain
from tests.unit.cli.commands import Done, consortium

STRANGER = "ab" * 64
BLOCKS = 1000


@dataclass(frozen=True)
class Person:
    """The second of two governors at 51 %, outside of the cluster."""

    chain: LocalChain
    through: Governance
    address: str
    directory: Path

    def vote(self, *words: object, stdin: str | None = None) -> Done:
        rpc = self.chain.rpc_address(self.chain.nodes[0])
        reach = ("--rpc", rpc, "--tls", self.directory)
        return consortium("vote", *words, *reach, stdin=stdin)

    def vote_on(self, number: int, *words: object, stdin: str | None = None) -> Done:
        return self.vote(number, "--key", self.directory / "account.pem", *words, stdin=stdin)

    def proposed(self, call: calls.ContractCall) -> int:
        """By the other governor."""
        outcome = asyncio.run(self.through.send(self.chain.account, call))
        assert outcome.proposal is not None
        return outcome.proposal

    def observers(self) -> frozenset[str]:
        return asyncio.run(self.through.members()).observers


@pytest.fixture(scope="module", params=["Standard", pytest.param("SM", marks=pytest.mark.campaign)])
def person(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Person]:
    chain = LocalChain(tmp_path_factory.mktemp("chain"), cryptography=request.param)
    try:
        chain.start()
        yield asyncio.run(_second_governor(chain, tmp_path_factory.mktemp("person")))
    finally:
        chain.stop()


async def _second_governor(chain: LocalChain, directory: Path) -> Person:
    await chain.settled()
    through, (address, account) = chain.governance(chain.nodes[0]), chain.new_account()
    for call in (
        calls.propose_governor(address, 1, BLOCKS),
        calls.propose_rates(51, 51, BLOCKS),
    ):
        assert (await through.send(chain.account, call)).is_carried_out
    _write(directory, {**chain.client_files(chain.nodes[0].member), **account})
    return Person(chain, through, address, directory)


def _write(directory: Path, files: dict[str, bytes] | PrivateFiles) -> None:
    for name, content in files.items():
        (directory / name).write_bytes(content)


def test_a_vote_that_decides_is_carried_out_and_read_back(person: Person) -> None:
    number = person.proposed(calls.propose_observer(STRANGER, calls.OPEN_FOR_BLOCKS))
    (listed,) = person.vote("--list", "-o", "json").json
    assert listed["what"] == f"make node {STRANGER} an observer"
    assert listed["call"]["arguments"] == [STRANGER, 0, True, calls.OPEN_FOR_BLOCKS]
    assert (listed["number"], listed["state"]) == (number, "open")
    assert listed["for"] == [person.chain.address]
    assert listed["weights"] == {"for": 1, "against": 0, "all": 2}
    assert listed["rates"] == {"participation": 51, "win": 51}
    assert 0 < listed["blocksLeft"] <= calls.OPEN_FOR_BLOCKS

    asked = person.vote_on(number, stdin="n\n")
    assert asked.code == 1
    assert f"Vote for proposal {number} as {person.address}?" in asked.stderr
    assert STRANGER not in person.observers()

    done = person.vote_on(number, stdin="y\n")
    assert done.code == 0
    assert "  state:    passed\n  " in done.stdout
    assert f"make node {STRANGER} an observer" in done.stdout
    assert STRANGER in person.observers()
    assert person.vote("--list").stdout == "no proposal is open\n"


def test_a_vote_against_denies_it(person: Person) -> None:
    number = person.proposed(calls.propose_value("tx_count_limit", "1700", BLOCKS))
    (after,) = person.vote_on(number, "--against", "--yes", "-o", "yaml").yaml
    # With an interval that nobody would guess, it is not found.
    assert (after["what"], after["call"]) == ("change a setting of the chain", None)
    assert (after["state"], after["against"]) == ("denied", [person.address])
    late = person.vote_on(number, "--yes")
    assert late.code == 1
    assert f"proposal {number} is denied: nobody votes on it any more" in late.stderr


def test_only_governors_vote_and_only_once(person: Person, tmp_path: Path) -> None:
    number = person.proposed(calls.propose_rates(60, 60, BLOCKS))
    address, nobody = person.chain.new_account()
    _write(tmp_path, nobody)
    refused = person.vote(number, "--key", tmp_path / "account.pem", "--yes")
    assert refused.code == 1
    assert f"{address} is no governor of this chain" in refused.stderr
    _write(tmp_path, person.chain.account)
    twice = person.vote(number, "--key", tmp_path / "account.pem", "--yes")
    assert twice.code == 1
    assert f"proposal {number}: the chain refuses it: " in twice.stderr


def test_a_server_that_no_ca_vouches_for_is_told_nothing(person: Person, tmp_path: Path) -> None:
    other = LocalChain(tmp_path / "other")
    files = {name: (person.directory / name).read_bytes() for name in ("sdk.crt", "sdk.key")}
    foreign = other.client_files(other.nodes[0].member)["ca.crt"]
    _write(tmp_path, {**files, "ca.crt": foreign})
    rpc = person.chain.rpc_address(person.chain.nodes[0])
    done = consortium("vote", "--list", "--rpc", rpc, "--tls", tmp_path)
    assert done.code == 1
    assert "certificate verify failed" in done.stderr
