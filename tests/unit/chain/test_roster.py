"""Who belongs to a chain while nodes leave it."""

from consortium_operator.api.chain import Role
from consortium_operator.chain.genesis import Founder
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.plan import Departure, Plan
from consortium_operator.chain.roster import as_running, with_leavers
from tests import chains

PLAN = chains.plan(chains.member("huawei"), chains.member("webank", chains.node("node", weight=2)))
FOUNDERS = [Founder(member, "node-0", f"id-{member}", 1) for member in ("huawei", "tencent")]


def departures(plan: Plan) -> dict[str, Departure | None]:
    return {node.path: node.departure for node in plan.nodes}


def test_a_founder_that_the_spec_gave_up_leaves() -> None:
    found = with_leavers(PLAN, Journal({}), FOUNDERS, ())
    assert departures(found) == {
        "huawei/node-0": None,
        "tencent/node-0": Departure.LEAVING,
        "webank/node-0": None,
    }
    assert [(one.name, one.departure) for one in found.members][1] == (
        "tencent",
        Departure.LEAVING,
    )
    assert found.staying == PLAN.nodes
    assert found.staying_members == PLAN.members


def test_a_node_that_joined_later_is_remembered_by_the_journal() -> None:
    journal = Journal({"trade-baidu-far-1": JournalEntry(path="baidu/far-1")})
    found = with_leavers(PLAN, journal, FOUNDERS[:1], ())
    assert departures(found)["baidu/far-1"] is Departure.LEAVING
    assert found.nodes[0].names.node == "trade-baidu-far-1"


def test_whoever_is_out_is_there_until_nothing_of_it_is_left() -> None:
    journal = Journal({"trade-tencent-node-0": JournalEntry(path="tencent/node-0", out=9)})
    present = with_leavers(PLAN, journal, FOUNDERS, {"trade-tencent-node-0"})
    assert departures(present)["tencent/node-0"] is Departure.OUT
    assert [node.path for node in present.dialled.nodes] == ["huawei/node-0", "webank/node-0"]
    assert departures(with_leavers(PLAN, journal, FOUNDERS, ())) == {
        "huawei/node-0": None,
        "webank/node-0": None,
    }


def test_a_node_that_the_spec_has_again_does_not_leave() -> None:
    journal = Journal({"trade-webank-node-0": JournalEntry(path="webank/node-0", out=9)})
    found = with_leavers(PLAN, journal, (), {"trade-webank-node-0"})
    assert departures(found) == {"huawei/node-0": None, "webank/node-0": None}


def test_what_runs_is_what_was_achieved_whatever_the_spec_says() -> None:
    entry = JournalEntry(path="huawei/node-0", role="Observer", weight=0)
    found = as_running(PLAN, Journal({"trade-huawei-node-0": entry}), FOUNDERS)
    assert [(node.path, node.role) for node in found.nodes] == [
        ("huawei/node-0", Role.OBSERVER),
        ("tencent/node-0", Role.SEALER),
    ]


def test_whoever_comes_back_is_what_the_spec_says_until_the_chain_has_it() -> None:
    """The journal still says that it was voted out."""
    entry = JournalEntry(path="webank/node-0", intent="Sealer/2", role="Outside", weight=0)
    found = as_running(PLAN, Journal({"trade-webank-node-0": entry}), FOUNDERS)
    (webank,) = found.nodes_of("webank")
    assert (webank.role, webank.weight) == (Role.SEALER, 2)
