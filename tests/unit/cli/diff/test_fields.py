"""Which fields differ, and which only look as if they did."""

from typing import Any

import pytest

from consortium_operator.cli.diff.fields import FieldDifference, both_ways, missing_of


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": 1}, {"a": 1, "default": True}),
        ({"a": {}, "b": [], "c": None}, {}),
        ({"requests": {"cpu": "1000m"}}, {"requests": {"cpu": "1"}}),
        ([{"name": "x"}], [{"name": "y"}, {"name": "x"}]),
    ],
)
def test_what_the_server_makes_of_it_is_no_difference(wanted: Any, found: Any) -> None:
    assert list(missing_of(wanted, found)) == []


@pytest.mark.parametrize(
    ("wanted", "found", "difference"),
    [
        ({"a": {"b": 2}}, {"a": {"b": 1}}, FieldDifference("a.b", 1, 2)),
        ({"a": 1}, {}, FieldDifference("a", None, 1)),
        (
            {"data": {"config.ini": "x"}},
            {"data": {"config.ini": "y"}},
            FieldDifference('data["config.ini"]', "y", "x"),
        ),
        (
            {"secrets": [{"name": "a"}]},
            {},
            FieldDifference("secrets", None, [{"name": "a"}]),
        ),
        ({"args": ["-c", "b"]}, {"args": ["-c", "a"]}, FieldDifference("args[1]", "a", "b")),
        (
            {"containers": [{"name": "node", "image": "b"}]},
            {"containers": [{"name": "other"}, {"name": "node", "image": "a"}]},
            FieldDifference("containers[node].image", "a", "b"),
        ),
    ],
)
def test_each_difference_has_its_path(wanted: Any, found: Any, difference: FieldDifference) -> None:
    assert list(missing_of(wanted, found)) == [difference]


def test_both_ways_tells_what_is_gone_too() -> None:
    wanted, found = {"members": [{"name": "a"}]}, {"members": [{"name": "a"}, {"name": "b"}]}
    (gone,) = both_ways(wanted, found, "spec")
    assert gone == FieldDifference("spec.members[b]", {"name": "b"}, None)
