"""The files of a small chain as somebody last read them (tests/data/rendered)."""

from consortium_operator.chain.plan import Plan
from tests import chains
from tests.golden import check_golden
from tests.unit.engines.fisco_bcos import rendered


def small_plan() -> Plan:
    return rendered.plan(
        chains.member("webank", chains.node("shenzhen", count=2, weight=2)),
        chains.member("huawei", chains.node("dongguan")),
        chains.member("ping-an", chains.node("shanghai")),
        config={"txpool": {"limit": "20000"}, "log": {"level": "debug"}},
    )


def test_the_genesis_of_a_small_chain() -> None:
    check_golden("rendered/config.genesis", rendered.seal(small_plan()).text)


def test_the_block_0_of_a_small_chain() -> None:
    sealed = rendered.seal(small_plan())
    check_golden("rendered/block0.txt", rendered.ENGINE.block0_text(sealed))


def test_the_settings_of_a_node() -> None:
    plan = small_plan()
    found = rendered.files(plan, plan.nodes[0])["config/config.ini"]
    assert found is not None
    check_golden("rendered/config.ini", found)


def test_the_dial_list_of_a_node() -> None:
    plan = small_plan()
    check_golden("rendered/nodes.json", rendered.dial_list(plan, plan.nodes[0]))
