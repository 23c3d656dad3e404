"""Whole chains of every kind: what is rendered parses back to exactly what the tables of facts say.

The full matrix is a campaign; `make test` runs a slice in which every pair of values occurs.
"""

import itertools
from dataclasses import dataclass

import pytest

from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.chain.plan import Plan
from consortium_operator.engines.fisco_bcos import ini
from tests import chains
from tests.unit.engines.fisco_bcos import node_facts, rendered
from tests.unit.engines.fisco_bcos.node_facts import CONFIG_GENESIS, CONFIG_INI, SM, STANDARD
from tests.unit.engines.fisco_bcos.test_differences import ABSENT, documented

WORLDS = (STANDARD, SM)
CONSENSUS = ("PBFT", "RPBFT")
AUTH = (True, False)
VERSIONS = ("3.6.0", "3.9.0", "3.11.0", "3.12.1", "3.14.0", "3.15.2", "3.16.4")


@dataclass(frozen=True)
class Case:
    world: str
    consensus: str
    auth: bool
    version: str

    def __str__(self) -> str:
        return f"{self.world}-{self.consensus}-{'auth' if self.auth else 'open'}-{self.version}"

    def plan(self) -> Plan:
        plan = rendered.plan(
            chains.member("webank", chains.node("shenzhen", count=2, weight=3)),
            chains.member("huawei", chains.node("dongguan")),
            version=self.version,
            groupId="group7",
            consensus={
                "type": self.consensus,
                "blockTxCountLimit": 500,
                "epochSealerNum": 2,
                "epochBlockNum": 77,
            },
            genesis={
                "gasLimit": 300000001,
                "blockLimit": 600,
                "features": ["feature_sharding", "bugfix_revert"],
            },
            executor={"authCheck": self.auth},
            rpc={"port": 21000},
            config={"txpool": {"limit": "20000"}, "p2p": {"enable_compression": "false"}},
        )
        world = Cryptography.SM if self.world == SM else Cryptography.STANDARD
        return rendered.unchecked(plan, cryptography=world)


ALL = [Case(*values) for values in itertools.product(WORLDS, CONSENSUS, AUTH, VERSIONS)]
SLICE = {
    Case(world, CONSENSUS[(v + w) % 2], AUTH[(v // 2 + w) % 2], version)
    for w, world in enumerate(WORLDS)
    for v, version in enumerate(VERSIONS)
}
cases = pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=() if case in SLICE else pytest.mark.campaign, id=str(case))
        for case in ALL
    ],
)


def test_every_pair_of_values_is_in_the_slice() -> None:
    def pairs(chosen: list[Case]) -> set[object]:
        rows = [(case.world, case.consensus, case.auth, case.version) for case in chosen]
        columns = list(itertools.combinations(range(4), 2))
        return {(i, j, row[i], row[j]) for row in rows for i, j in columns}

    assert pairs(list(SLICE)) == pairs(ALL)
    assert len(SLICE) < len(ALL) / 3


def nodes_of(plan: Plan) -> list[tuple[str, int]]:
    """Node id and weight, as the node sorts them."""
    return sorted((rendered.node_id(node), node.weight) for node in plan.sealers)


@cases
def test_config_genesis_says_what_the_facts_and_the_resource_say(case: Case) -> None:
    plan = case.plan()
    expected = node_facts.build_chain(CONFIG_GENESIS, case.world, case.version)
    expected["chain"] |= {"group_id": "group7", "block_limit": "600"}
    expected["consensus"] |= {
        "consensus_type": case.consensus.lower(),
        "block_tx_count_limit": "500",
        "epoch_sealer_num": "2",
        "epoch_block_num": "77",
        **{f"node.{i}": f"{one}: {weight}" for i, (one, weight) in enumerate(nodes_of(plan))},
    }
    expected["version"] = {"compatibility_version": node_facts.MAX_VERSION[case.version]}
    expected["tx"] = {"gas_limit": "300000001"}
    expected["executor"] |= {
        "is_auth_check": str(case.auth).lower(),
        "auth_admin_account": rendered.ADMIN,
    }
    expected["features"] = {"bugfix_revert": "true", "feature_sharding": "true"}

    assert ini.parse(rendered.seal(plan).text) == expected


@cases
def test_config_ini_says_what_the_facts_and_the_resource_say(case: Case) -> None:
    expected = node_facts.build_chain(CONFIG_INI, case.world, case.version)
    for key, row in documented(CONFIG_INI).items():
        if row.is_found_in(case.world, case.version):
            section, _, name = key.partition(".")
            _, ours = row.values()
            assert ours is not None
            if ours == ABSENT:
                del expected[section][name]
            else:
                expected[section][name] = ours
    expected["rpc"]["listen_port"] = "21000"
    expected["txpool"]["limit"] = "20000"
    expected["p2p"]["enable_compression"] = "false"

    assert rendered.config_of(case.plan()) == {
        section: keys for section, keys in expected.items() if keys
    }


@cases
def test_block_0_is_what_a_node_of_this_genesis_stores(case: Case) -> None:
    plan = case.plan()
    epochs = (2, 77) if case.consensus == "RPBFT" else (4, 1000)
    nodes = [f"node.{i}:{one},{weight}\n" for i, (one, weight) in enumerate(nodes_of(plan))]
    expected = (
        f"[chain]\nsm_crypto:{int(case.world == SM)}\nchainID: chain0\ngrouID: group7\n"
        f"[consensys]\nconsensus_type: {case.consensus.lower()}\nblock_tx_count_limit:500\n"
        f"leader_period:1\n"
        f"[version]\ncompatibility_version:{node_facts.MAX_VERSION[case.version]}\n"
        f"[tx]\ngaslimit:300000001\n"
        f"[executor]\niswasm: 0\nisAuthCheck:{int(case.auth)}\n"
        f"authAdminAccount:{rendered.ADMIN}\nisSerialExecute:1\n"
        f"epochSealerNum:{epochs[0]}\nepochBlockNum:{epochs[1]}\n"
        f"[features]\nbugfix_revert:1\nfeature_sharding:1\n" + "".join(nodes)
    )
    assert rendered.ENGINE.block0_text(rendered.seal(plan)) == expected


@cases
def test_the_founding_agrees_with_its_own_resource(case: Case) -> None:
    plan = case.plan()
    sealed = rendered.seal(plan)
    assert rendered.ENGINE.check_seal(plan, sealed) == ()
    assert rendered.seal(case.plan()) == sealed
