"""One wrong field hides no other."""

import copy
from itertools import combinations
from typing import Any

import pytest

from consortium_operator.api.parse import parse
from consortium_operator.api.problem import InvalidResource, Problem
from consortium_operator.offline.mending import all_problems
from tests import chains
from tests.resources import with_fields

BASE = chains.resource(chains.member("webank"), chains.member("huawei"))
WRONG: dict[str, Any] = {
    "metadata.name": "Trade",
    "spec.version": "v3",
    "spec.chainId": "a-b",
    "spec.paused": "yes",
    "spec.certificates.duration": "soon",
    "spec.fiscoBcos.groupId": "a b",
    "spec.fiscoBcos.rpc.port": "20200",
    "spec.members[0].name": "A",
    "spec.members[1].nodes[0].count": "2",
    "spec.members[1].nodes[0].role": "King",
    "spec.networkPolicy.enabled": 1,
}


def problems(body: Any) -> list[Problem]:
    with pytest.raises(InvalidResource) as error:
        parse(body)
    return list(all_problems(body, error.value.problems))


@pytest.mark.parametrize(("one", "other"), [*combinations(WRONG, 2)])
def test_two_wrong_fields_are_both_told(one: str, other: str) -> None:
    body = with_fields(BASE, {one: WRONG[one], other: WRONG[other]})
    assert {problem.path for problem in problems(body)} == {one, other}


def test_all_wrong_fields_are_told_at_once_each_once() -> None:
    found = [problem.path for problem in problems(with_fields(BASE, WRONG))]
    assert sorted(found) == sorted(WRONG)


def test_what_is_missing_hides_nothing_either() -> None:
    body = with_fields(BASE, {"spec.chainId": "a-b", "spec.members[0].name": "A"})
    del body["spec"]["version"]
    del body["spec"]["members"][1]["name"]
    assert {problem.path for problem in problems(body)} == {
        *("spec.version", "spec.chainId", "spec.members[0].name", "spec.members[1].name"),
    }


@pytest.mark.parametrize(
    "body", [{}, [], None, "x", {"spec": None}, {"spec": 3, "metadata": []}, {"kind": "x"}]
)
def test_anything_is_judged(body: Any) -> None:
    before = copy.deepcopy(body)
    assert problems(body)
    assert body == before
