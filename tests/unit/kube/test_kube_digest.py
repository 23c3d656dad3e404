import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.kube.digest import digest_of, object_digest

TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)

OBJECT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "settings",
        "namespace": "chains",
        "uid": "1",
        "resourceVersion": "5",
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"a": "1"},
        "annotations": {"b": "2"},
        "ownerReferences": [{"uid": "o1"}, {"uid": "o2"}],
        "managedFields": [{"manager": "x"}],
    },
    "data": {"c": "3"},
    "immutable": True,
    "status": {"phase": "x"},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    result = copy.deepcopy(OBJECT)
    *steps, last = path.split(".")
    holder = result
    for step in steps:
        holder = holder[step]
    holder[last] = value
    return result


@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_the_order_of_keys_does_not_matter(value: dict[str, Any]) -> None:
    assert digest_of(dict(reversed(value.items()))) == digest_of(value)


@given(JSON, JSON)
def test_different_values_have_different_digests(one: Any, other: Any) -> None:
    # repr tells True from 1, which JSON does, too, and == does not.
    same = repr(one) == repr(other) or digest_of(one) == digest_of(copy.deepcopy(other))
    assert (digest_of(one) == digest_of(other)) == same


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.resourceVersion", "6"),
        ("metadata.generation", 2),
        ("metadata.managedFields", []),
        ("metadata.creationTimestamp", "2027-01-01T00:00:00Z"),
        ("metadata.ownerReferences", [{"uid": "o2"}, {"uid": "o1"}]),
        ("status.phase", "y"),
    ],
)
def test_bookkeeping_is_no_change(path: str, value: Any) -> None:
    assert object_digest(changed(path, value)) == object_digest(OBJECT)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.uid", "2"),
        ("metadata.labels.a", "2"),
        ("metadata.labels.foreign", "x"),
        ("metadata.annotations.b", "3"),
        ("metadata.ownerReferences", [{"uid": "o1"}]),
        ("data.c", "4"),
        ("data.extra", "x"),
        ("immutable", False),
        ("spec", {}),
    ],
)
def test_what_a_person_can_change_is_a_change(path: str, value: Any) -> None:
    assert object_digest(changed(path, value)) != object_digest(OBJECT)
