"""parse() judges a resource as the API server does, and says everything at once."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.api.parse import parse
from consortium_operator.api.problem import InvalidResource, Problem
from consortium_operator.api.rules import RULES
from tests.resources import BAD, BASE, GOOD, QUICKSTART_FILE, Case, with_fields


def problems_of(body: Any) -> tuple[Problem, ...]:
    with pytest.raises(InvalidResource) as caught:
        parse(body)
    return caught.value.problems


def problems_or_none(body: Any) -> tuple[Problem, ...]:
    try:
        parse(body)
    except InvalidResource as refused:
        return refused.problems
    return ()


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.title)
def test_a_good_resource_is_taken(case: Case) -> None:
    assert parse(case.body).metadata.name == case.body["metadata"]["name"]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.title)
def test_a_bad_resource_is_refused_with_the_field_and_the_reason(case: Case) -> None:
    found = problems_of(case.body)
    assert any(p.path.startswith(case.field) and p.reason == case.reason for p in found), found


def test_each_rule_refuses_something_in_the_table() -> None:
    said = {(problem.path, problem.message) for case in BAD for problem in problems_of(case.body)}
    silent = [
        rule
        for rule in RULES
        if not any(path.endswith(rule.path) and text == rule.message for path, text in said)
    ]
    assert not silent


def test_the_quickstart_is_a_chain_of_four_organisations_that_survives_a_loss() -> None:
    chain = parse(yaml.safe_load(QUICKSTART_FILE.read_text("utf-8")))
    assert chain.metadata.name == "quickstart"
    assert chain.metadata.namespace == "consortium-demo"
    assert [sum(group.count for group in member.nodes) for member in chain.spec.members] == [1] * 4


def test_everything_that_is_wrong_is_said_at_once() -> None:
    body = with_fields(
        BASE,
        {
            "spec.version": "v3.16.4",
            "spec.chainId": "chain-0",
            "spec.fiscoBcos.rpc.port": 30300,
            "spec.members[1].nodes[0].storage": {"size": "1Gi"},
        },
    )
    assert [problem.path for problem in problems_of(body)] == [
        "spec.version",
        "spec.chainId",
        "spec.fiscoBcos.rpc.port",
        "spec.members[1].nodes[0].storage.size",
    ]


def test_rules_are_checked_beside_a_part_of_the_wrong_shape() -> None:
    body = with_fields(BASE, {"spec.paused": "yes", "spec.fiscoBcos.rpc": {"port": 30300}})
    assert {problem.path for problem in problems_of(body)} == {
        "spec.paused",
        "spec.fiscoBcos.rpc.port",
    }


def test_a_list_of_wrong_entries_is_not_called_empty() -> None:
    body = with_fields(BASE, {"spec.members": [{"name": "a", "nodes": [{"name": 1}]}]})
    assert [problem.path for problem in problems_of(body)] == ["spec.members[0].nodes[0].name"]


def test_an_error_names_field_and_fix_in_one_line() -> None:
    with pytest.raises(InvalidResource) as caught:
        parse(with_fields(BASE, {"spec.version": "v3.16.4"}))
    assert str(caught.value) == (
        'spec.version: must be one exact version X.Y.Z without a leading v, such as "3.16.4"'
    )


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"spec.chianId": "x"}, "; the nearest is chainId"),
        ({"spec.fiscoBcos.rpc.tsl": True}, "; the nearest is tls"),
        ({"spec.members[0].nodes[0].wieght": 2}, "; the nearest is weight"),
        ({"spec.zzz": 1}, ""),
    ],
)
def test_a_misspelt_field_is_told_with_the_nearest_one(change: dict[str, Any], hint: str) -> None:
    (found,) = problems_of(with_fields(BASE, change))
    assert found.message == f"is no field: remove it or correct its name{hint}"


def test_an_error_never_repeats_what_was_written() -> None:
    secret = "-----BEGIN PRIVATE KEY-----"
    body = with_fields(
        BASE,
        {
            "spec.version": secret,
            "spec.paused": secret,
            "spec.engine": secret,
            "spec.nodeDefaults.resources": {"limits": {"cpu": secret}},
        },
    )
    assert len(problems_of(body)) == 4
    assert secret not in str(problems_of(body))


def test_a_status_of_another_version_does_not_stop_a_chain() -> None:
    chain = parse(BASE | {"status": {"conditions": [{"type": "Strange"}], "height": "tall"}})
    assert chain.status.conditions == ()


def test_the_status_is_read() -> None:
    condition = {
        "type": "Ready",
        "status": "False",
        "reason": "NodeDown",
        "message": "webank-shenzhen-0 is down",
        "lastTransitionTime": "2026-08-01T10:00:00Z",
        "observedGeneration": 3,
    }
    chain = parse(BASE | {"status": {"height": 7, "conditions": [condition], "newer": 1}})
    assert chain.status.height == 7
    assert [c.model_dump(mode="json", by_alias=True) for c in chain.status.conditions] == [
        condition
    ]


def test_what_was_parsed_can_be_written_and_parsed_again() -> None:
    for case in GOOD:
        chain = parse(case.body)
        again = parse(chain.model_dump(mode="json", by_alias=True, exclude_none=True))
        assert again == chain


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


def fields_of(value: Any, path: str = "") -> list[str]:
    """The paths of all fields of a resource."""
    if isinstance(value, dict):
        return [
            found
            for key, child in value.items()
            for found in (f"{path}.{key}".lstrip("."), *fields_of(child, f"{path}.{key}"))
        ]
    if isinstance(value, list):
        return [f for i, child in enumerate(value) for f in fields_of(child, f"{path}[{i}]")]
    return []


RICH = next(case for case in GOOD if case.title == "clients by namespace and by pod").body


@given(JSON)
def test_whatever_is_read_is_refused_in_an_orderly_way(value: Any) -> None:
    assert all(problem.path and problem.message for problem in problems_of(value))


@given(st.sampled_from(sorted(fields_of(RICH))), JSON)
def test_whatever_stands_in_a_field_is_taken_or_refused(path: str, value: Any) -> None:
    assert all(p.path and p.message for p in problems_or_none(with_fields(RICH, {path: value})))


def test_a_list_that_holds_itself_is_refused_by_name() -> None:
    """YAML can say it: &a [*a]."""
    coil: list[object] = []
    coil.append(coil)
    found = problems_of(with_fields(BASE, {"spec.members": coil}))
    assert [problem.message for problem in found] == ["is nested too deeply or too large"]
    assert found[0].path.startswith("spec.members[0]")


def test_a_few_lines_that_stand_for_billions_of_values_are_refused() -> None:
    bomb: object = "x"
    for _ in range(40):
        bomb = [bomb] * 10
    (found,) = problems_of(with_fields(BASE, {"spec.nodeDefaults": bomb}))
    assert "too large" in found.message


def test_a_field_with_control_characters_in_its_name_is_shown_in_one_line() -> None:
    (found,) = problems_of(with_fields(BASE, {"spec.a\n\x1b[2Jb": 1}))
    assert str(found).isprintable()
