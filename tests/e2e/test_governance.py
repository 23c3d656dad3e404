"""A committee of three governors, one of whom keeps the key elsewhere: the chain is handed over to
it, and changes by its votes."""

import base64
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.governance import calls
from tests.e2e.conftest import namespace_for, quickstart_in
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.block_flow import blocks_go_on
from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.forward import PortForward
from tests.e2e.support.governors import ADDRESSES, FOREIGN, KEYS, bring, committee
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import RPC_PORT, sdk_identity
from tests.kubectl import Kubectl
from tests.resources import REPOSITORY


def governed(*held: str, weight: int = 1) -> Body:
    """Fields of the spec: the committee, and the weight of east-port's node."""
    members = quickstart_in("any")["spec"]["members"]
    for member in members:
        if member["name"] == "east-port":
            member["nodes"][0]["weight"] = weight
    return {"fiscoBcos": committee(held), "members": members}


@pytest.fixture
def chain(kubectl: Kubectl, aftermath: Aftermath) -> Iterator[Chain]:
    with namespace_for(kubectl, aftermath, "governed") as namespace:
        chain = Chain(kubectl, quickstart_in(namespace))
        bring(chain, "first")
        bring(chain, "second")
        chain.apply()
        chain.wait_ready()
        yield chain


def vote(chain: Chain, proposal: str, key: PrivateFiles, directory: Path) -> str:
    """By the command line, as a governor does who reaches one node and has a client's files."""
    identity = sdk_identity(chain, "webank")
    for name, content in (
        ("ca.crt", identity.ca),
        ("sdk.crt", identity.certificate),
        ("sdk.key", identity.key),
        ("account.pem", base64.b64decode(key.to_secret_data()["account.pem"])),
    ):
        (directory / name).write_bytes(content)
    (pod,) = (
        one["metadata"]["name"] for one in chain.pods() if "webank" in one["metadata"]["name"]
    )
    with PortForward(chain.kubectl, chain.namespace, f"pod/{pod}", RPC_PORT) as forward:
        command: list[str | Path] = [
            *(REPOSITORY / ".venv/bin/consortium", "vote", proposal, "--yes"),
            *("--rpc", f"127.0.0.1:{forward.port()}", "--tls", directory),
            *("--key", directory / "account.pem"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def weights(chain: Chain) -> list[int]:
    with member_clients(chain) as clients:
        return sorted(clients["webank"].sealers().values())


def east_port(chain: Chain) -> str:
    """Node id of its node."""
    members = chain.status()["members"]
    return str(next(one for one in members if one["name"] == "east-port")["nodes"][0]["nodeId"])


def ask_as_foreign(chain: Chain, call: calls.ContractCall) -> tuple[Any, ...]:
    """By the foreign governor, with tools of its own."""
    with member_clients(chain) as clients:
        return clients["webank"].ask_contract(KEYS[FOREIGN], call)


@pytest.mark.campaign
@pytest.mark.timeout(500, func_only=True)
def test_a_committee_of_three_takes_over_and_decides(chain: Chain, tmp_path: Path) -> None:
    with blocks_go_on(chain):
        chain.apply(chain.with_spec(**governed("first", "second")))
        chain.wait("GovernanceHandedOver", "True", seconds=120)
        chain.wait_ready()

        chain.apply(chain.with_spec(**governed("first", "second", weight=2)))
        chain.wait("MembershipInSync", "True", seconds=60)
        chain.wait_ready()
        assert weights(chain) == [1, 1, 1, 2], "two of three are 66 %"

        chain.apply(chain.with_spec(**governed("first")))
        waits = chain.wait("MembershipInSync", "False", "AwaitingVotes")
        command = re.search(r"consortium vote (\d+)", waits["message"])
        assert command is not None, waits["message"]
        assert weights(chain) == [1, 1, 1, 2]
        said = vote(chain, command[1], KEYS[FOREIGN], tmp_path)
        assert command[1] in said
        chain.wait("MembershipInSync", "True", seconds=60)
        chain.wait_ready()
        assert weights(chain) == [1, 1, 1, 1]

        other = calls.propose_weight(east_port(chain), 3, calls.OPEN_FOR_BLOCKS)
        (number,) = ask_as_foreign(chain, other)
        chain.apply(chain.with_spec(**governed("first", weight=2)))
        busy = chain.wait("MembershipInSync", "False", "ProposalSlotBusy")
        assert f"proposal {number} of {ADDRESSES[FOREIGN]}" in busy["message"]
        assert weights(chain) == [1, 1, 1, 1]
        ask_as_foreign(chain, calls.revoke(number))
        waits = chain.wait("MembershipInSync", "False", "AwaitingVotes")
        command = re.search(r"consortium vote (\d+)", waits["message"])
        assert command is not None, waits["message"]
        assert int(command[1]) > number
        vote(chain, command[1], KEYS[FOREIGN], tmp_path)
        chain.wait("MembershipInSync", "True", seconds=60)
        assert weights(chain) == [1, 1, 1, 2]
