"""What the metrics of a chain say, whatever became of its nodes."""

import weakref
from datetime import timedelta

import pytest

from consortium_operator.api.conditions import ConditionStatus, ConditionType, Reason
from consortium_operator.chain.view import ChainView
from consortium_operator.metrics import catalogue
from consortium_operator.metrics.catalogue import CATALOGUE, Metric
from tests import chains
from tests.unit.metrics.sights import (
    IDS,
    START,
    Values,
    healthy,
    known,
    observed,
    silent,
    values,
    view,
)

WEBANK = ("webank", "node-0")


def of_webank(found: Values) -> dict[str, float]:
    """By name, and what else its labels say."""
    return {
        " ".join((name.removeprefix("node_"), *labels[2:])): value
        for (name, *labels), value in found.items()
        if name.startswith("node_") and tuple(labels[:2]) == WEBANK
    }


def test_everything_is_told_of_a_healthy_chain() -> None:
    found = values(observed(view()))
    now = START.timestamp()
    assert of_webank(found) == {
        "info trade-webank-node-0-0 3.16.4": 1,
        "state Live": 1,
        "role Sealer": 1,
        "up": 1,
        "live": 1,
        "leader": 1,
        "weight": 1,
        "height_blocks": 100,
        "lag_blocks": 0,
        "view": 3,
        "peers": 3,
        "pending_transactions": 7,
        "certificate_expiry_timestamp_seconds": now + 365 * 86400,
        "last_answer_timestamp_seconds": now,
    }
    chain = {" ".join(key): v for key, v in found.items() if not key[0].startswith("node_")}
    assert chain == {
        "chain_info 3.16.4": 1,
        "chain_condition Ready True AsExpected": 1,
        "chain_height_blocks": 100,
        "chain_total_weight": 4,
        "chain_required_weight": 3,
        "chain_live_weight": 4,
        "chain_margin_weight": 1,
        "chain_sealers": 4,
        "chain_live_sealers": 4,
        "chain_nodes": 4,
        "chain_pending_transactions": 7,
        "chain_view_changes_total": 0,
        "chain_last_read_timestamp_seconds": now,
        "chain_last_reconcile_timestamp_seconds": now,
        "chain_certificate_renewal_seconds": 30 * 86400,
        "authority_certificate_expiry_timestamp_seconds webank node": now + 3650 * 86400,
        "client_certificate_expiry_timestamp_seconds webank sdk": now + 90 * 86400,
    }


def test_every_metric_of_the_catalogue_is_told_of_a_healthy_chain() -> None:
    names = {f"consortium_{name}" for name, *_ in values(observed(view()))}
    assert names == {metric.name for metric in CATALOGUE}


def test_the_catalogue_lacks_no_metric() -> None:
    defined = {one for one in vars(catalogue).values() if isinstance(one, Metric)}
    assert set(CATALOGUE) == defined


def test_only_the_leader_leads() -> None:
    found = values(observed(view()))
    assert [key for key, value in found.items() if key[0] == "node_leader" and value] == [
        ("node_leader", *WEBANK)
    ]


def test_a_silent_node_keeps_its_numbers_and_falls_behind() -> None:
    later = ChainView(
        (silent("webank"), *(healthy(m, height=130) for m in IDS.values() if m != "webank")),
        "ours",
        dict.fromkeys(IDS.values(), 1),
    )
    found = values(observed(view()), observed(later, minute=1))
    told = of_webank(found)
    assert (told["up"], told["live"]) == (0, 0)
    assert (told["height_blocks"], told["lag_blocks"]) == (100, 30)
    assert (told["peers"], told["pending_transactions"]) == (3, 7)
    assert told["last_answer_timestamp_seconds"] == START.timestamp()
    assert found["chain_live_weight",] == 3
    assert found["chain_margin_weight",] == 0


def test_a_node_that_never_answered_has_no_height() -> None:
    told = of_webank(values(observed(view(silent("webank")))))
    assert told["up"] == 0
    assert told["weight"] == 1
    assert "height_blocks" not in told
    assert "last_answer_timestamp_seconds" not in told


def test_a_node_that_was_not_asked_keeps_everything() -> None:
    """A quiet round asks one or two."""
    asked = ChainView((healthy("tencent", height=500),), "ours", dict.fromkeys(IDS.values(), 1))
    before = of_webank(values(observed(view())))
    assert of_webank(values(observed(view()), observed(asked, minute=1))) == before


def test_a_node_that_was_asked_briefly_keeps_what_it_did_not_tell() -> None:
    brief = view(healthy("webank", height=101, view=-1, leader="", pending=None, sealers=None))
    told = of_webank(values(observed(view()), observed(brief, minute=1)))
    assert (told["height_blocks"], told["last_answer_timestamp_seconds"]) == (
        101,
        START.timestamp() + 60,
    )
    assert (told["view"], told["pending_transactions"]) == (3, 7)
    first = of_webank(values(observed(brief)))
    assert "view" not in first
    assert "pending_transactions" not in first


def test_a_node_that_was_never_asked_is_neither_up_nor_down() -> None:
    asked = ChainView((healthy("tencent"),), "ours", dict.fromkeys(IDS.values(), 1))
    assert "up" not in of_webank(values(observed(asked)))


def test_an_operator_that_is_cut_off_knows_of_no_loss_of_weight() -> None:
    cut_off = view(*map(silent, IDS.values()))
    before = values(observed(view()))
    found = values(observed(view()), observed(cut_off, minute=5))
    for name in ("chain_live_weight", "chain_margin_weight", "chain_height_blocks"):
        assert found[name,] == before[name,]
    assert found["chain_last_read_timestamp_seconds",] == START.timestamp()
    assert found["chain_last_reconcile_timestamp_seconds",] == START.timestamp() + 300
    assert of_webank(found)["up"] == 0


def test_a_round_that_came_to_no_node_changes_no_number_of_one() -> None:
    blocked = observed(None, 1, plan=None, node_ids={}, states={}, certificate_ends={})
    before = of_webank(values(observed(view())))
    assert of_webank(values(observed(view()), blocked)) == before


def test_no_look_outlives_its_round() -> None:
    """What the nodes of a large chain say of each other takes megabytes."""
    look = view()
    kept, alive = known(observed(look), observed(None)), weakref.ref(look)
    del look
    assert kept.read is not None
    assert alive() is None


def test_a_resource_that_was_never_accepted_has_conditions_only() -> None:
    wrong = {ConditionType.READY: (ConditionStatus.FALSE, Reason.INVALID)}
    refused = observed(None, plan=None, conditions=wrong, authority_ends={}, client_ends={})
    assert {name for name, *_ in values(refused)} == {
        "chain_condition",
        "chain_last_reconcile_timestamp_seconds",
    }


def test_a_condition_has_one_series() -> None:
    wrong = {ConditionType.READY: (ConditionStatus.FALSE, Reason.NODE_DOWN)}
    found = values(observed(view()), observed(view(), conditions=wrong))
    assert [key for key in found if key[0] == "chain_condition"] == [
        ("chain_condition", "Ready", "False", "NodeDown")
    ]


def test_a_node_and_a_member_that_left_have_no_series() -> None:
    three = chains.plan(*(chains.member(m) for m in ("huawei", "ping-an", "tencent")))
    found = values(observed(view()), observed(view(), plan=three))
    assert not [key for key in found if "webank" in key]


@pytest.mark.parametrize(
    ("before", "now", "changes"), [(3, 5, 2), (3, 3, 0), (3, 0, 0)], ids=["on", "same", "restart"]
)
def test_views_are_counted_upwards(before: int, now: int, changes: int) -> None:
    first = observed(view(*(healthy(member, view=before) for member in IDS.values())))
    second = observed(view(*(healthy(member, view=now) for member in IDS.values())))
    assert values(first, second)["chain_view_changes_total",] == changes
    assert values(first, second, second)["chain_view_changes_total",] == changes


@pytest.mark.parametrize(
    ("lists", "role", "weight"),
    [
        ({}, "Sealer", 1),
        ({"candidates": {"webank": 2}}, "Candidate", 2),
        ({"observers": frozenset({"webank"})}, "Observer", 0),
        ({"observers": frozenset()}, "Outside", 0),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else None,
)
def test_the_role_is_that_on_the_chain(lists: dict[str, object], role: str, weight: int) -> None:
    sealers = {member: 1 for member in IDS.values() if not lists or member != "webank"}
    nodes = [healthy(member, sealers=sealers, **lists) for member in IDS.values()]
    told = of_webank(values(observed(view(*nodes))))
    assert (told[f"role {role}"], told["weight"]) == (1, weight)


def test_a_foreign_node_is_not_up() -> None:
    told = of_webank(values(observed(view(healthy("webank", block0_text="another")))))
    assert (told["up"], told["live"], told["height_blocks"]) == (0, 0, 100)


def test_a_certificate_that_was_renewed_has_its_new_end() -> None:
    renewed = dict.fromkeys(IDS, START + timedelta(days=400))
    found = values(observed(view()), observed(view(), certificate_ends=renewed))
    assert (
        of_webank(found)["certificate_expiry_timestamp_seconds"] == START.timestamp() + 400 * 86400
    )
