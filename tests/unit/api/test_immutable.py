"""What is fixed at founding, judged without an API server."""

import copy
from typing import Any

import pytest

from consortium_operator.api.conditions import Reason
from consortium_operator.api.immutable import immutable_changes
from tests.resources import BASE, with_fields

SHA256 = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4


def spec_with(fields: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = with_fields({"spec": BASE["spec"]}, fields)["spec"]
    return spec


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.engine", "Fabric"),
        ("spec.chainId", "chain1"),
        ("spec.fiscoBcos.groupId", "group1"),
        ("spec.fiscoBcos.cryptography", "SM"),
        ("spec.fiscoBcos.consensus.blockTxCountLimit", 2000),
        ("spec.fiscoBcos.genesis.gasLimit", 200_000),
        ("spec.fiscoBcos.genesis.features", ["feature_balance"]),
        ("spec.fiscoBcos.executor.authCheck", False),
        ("spec.fiscoBcos.ledger.keyPageSize", 10240),
    ],
)
def test_a_change_of_what_was_founded_is_named(path: str, value: Any) -> None:
    (problem,) = immutable_changes(spec_with({}), spec_with({path: value}))
    assert path.startswith(problem.path)
    assert problem.reason is Reason.IMMUTABLE_FIELD_CHANGED


def test_a_value_that_was_removed_is_a_change() -> None:
    old = spec_with({"spec.fiscoBcos.genesis.gasLimit": 200_000})
    (problem,) = immutable_changes(old, spec_with({}))
    assert problem.path == "spec.fiscoBcos.genesis"


def test_a_default_that_was_written_down_is_no_change() -> None:
    new = spec_with({"spec.engine": "FiscoBcos", "spec.fiscoBcos.genesis.gasLimit": 3_000_000_000})
    assert immutable_changes(spec_with({}), new) == []


def test_other_fields_may_change() -> None:
    new = spec_with({"spec.version": "3.17.0", "spec.members": [], "spec.fiscoBcos.rpc.port": 1})
    assert immutable_changes(spec_with({}), new) == []


def test_the_genesis_hash_may_be_added_once() -> None:
    without, first, second = (
        spec_with({}),
        spec_with({"spec.fiscoBcos.genesisSha256": SHA256}),
        spec_with({"spec.fiscoBcos.genesisSha256": OTHER}),
    )
    assert immutable_changes(without, first) == []
    assert immutable_changes(first, copy.deepcopy(first)) == []
    for new in (without, second):
        (problem,) = immutable_changes(first, new)
        assert problem.path == "spec.fiscoBcos.genesisSha256"


def test_a_value_of_the_wrong_shape_is_a_change() -> None:
    (problem,) = immutable_changes(spec_with({}), spec_with({"spec.fiscoBcos.genesis": "none"}))
    assert problem.path == "spec.fiscoBcos.genesis"
