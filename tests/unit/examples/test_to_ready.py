"""Every example becomes a chain that is Ready, on a cluster in memory."""

import copy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.committee import Committee
from consortium_operator.chain.naming import ChainKey
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.kube.kinds import SECRET, STATEFUL_SET
from tests.brought import secret
from tests.examples import FILES, Body, brought_secrets, chains_of, example, secrets_by_recipe
from tests.fakes.operator import Clock, Stage
from tests.invariants import violations

READY, QUORUM = ConditionType.READY, ConditionType.QUORUM_HEALTHY
ENGINE = FiscoBcos()


def key_of_chain(chain: Body) -> ChainKey:
    return ChainKey(chain["metadata"]["namespace"], chain["metadata"]["name"])


def apply(stage: Stage, chain: Body) -> ChainKey:
    body = copy.deepcopy(chain)
    body["metadata"]["generation"] = 1
    stage.cluster.put(body)
    return key_of_chain(chain)


def told(stage: Stage, type_: ConditionType, key: ChainKey) -> str:
    return stage.told(type_, key.name, key.namespace)


async def settled(stage: Stage, path: Path) -> list[ChainKey]:
    keys = [apply(stage, chain) for chain in chains_of(path)]
    for key in keys:
        await stage.settle(key, rounds=80)
    return keys


# The key of each of twenty-six nodes takes its time.
LONG = {"fourteen-organisations": pytest.mark.campaign}
PLAIN = [
    pytest.param(path, id=path.stem, marks=LONG.get(path.stem, ()))
    for path in FILES
    if path.stem != "governors"
]


@pytest.mark.parametrize("path", PLAIN)
async def test_it_becomes_ready(path: Path, tmp_path: Path) -> None:
    # OpenSSL makes certificates that begin now.
    stage = Stage(clock=Clock(datetime.now(tz=UTC)))
    for one in secrets_by_recipe(path, tmp_path):
        stage.cluster.put(one)
    keys = await settled(stage, path)
    assert {told(stage, READY, key) for key in keys} == {"True/AsExpected"}
    assert {told(stage, QUORUM, key) for key in keys} == {"True/AsExpected"}, "no warning either"
    assert violations(stage.cluster.history) == []
    nodes = [node for key in keys for node in nodes_of(stage, key)]
    assert len(stage.cluster.all(STATEFUL_SET)) == len(nodes)
    kept = [tuple(one["data"].values()) for one in stage.cluster.all(SECRET)]
    assert len(set(kept)) == len(kept), "no two nodes, members or chains share a key"


def nodes_of(stage: Stage, key: ChainKey) -> list[Body]:
    members = stage.status(key.name, key.namespace)["members"]
    return [node for member in members for node in member["nodes"]]


async def test_the_committee_takes_over() -> None:
    """With addresses and keys of the test's own in the place of those that nobody has."""
    stage = Stage()
    (chain,) = chains_of(example("governors"))
    chain, held = with_keys(chain)
    for one in held:
        stage.cluster.put(one)
    key = apply(stage, chain)
    await stage.round(key)
    stage.nodes.committees[key.name] = Committee({first_governor(stage, key): 1}, 0, 0)
    await stage.settle(key, rounds=80)
    assert told(stage, ConditionType.GOVERNANCE_HANDED_OVER, key) == "True/AsExpected"
    assert told(stage, READY, key) == "True/AsExpected"
    committee = stage.nodes.committees[key.name]
    assert set(committee.governors) == {
        one["address"] for one in chain["spec"]["fiscoBcos"]["governors"]
    }
    assert (committee.participation, committee.win) == (51, 51)


def with_keys(chain: Body) -> tuple[Body, list[Body]]:
    """The chain with governors who exist, and the Secrets that it names."""
    found, made = copy.deepcopy(chain), []
    for governor in found["spec"]["fiscoBcos"]["governors"]:
        account = ENGINE.new_account()
        governor["address"] = ENGINE.account_register(account).address
        if "secretName" in governor:
            namespace = chain["metadata"]["namespace"]
            made.append(secret(governor["secretName"], dict(account), namespace))
    assert {one["metadata"]["name"] for one in made} == brought_secrets(found)
    return found, made


def first_governor(stage: Stage, key: ChainKey) -> str:
    """The account that the operator made for the founding."""
    kept = stage.cluster.find(SECRET, key.admin, key.namespace)
    assert kept is not None
    return ENGINE.account_register(PrivateFiles.from_secret_data(kept["data"])).address
