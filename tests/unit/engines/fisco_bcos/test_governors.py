"""What is refused of the committee that a resource asks for."""

from typing import Any

import pytest

from tests.unit.engines.fisco_bcos import rendered

ONE, OTHER = {"address": "0x" + "aB" * 20}, {"address": "0x" + "cd" * 20}


def test_a_committee_is_accepted() -> None:
    governors = [{**ONE, "member": "webank"}, OTHER]
    rates = {"participation": 51, "win": 51}
    assert rendered.problems(governors=governors, governanceRates=rates) == {}


@pytest.mark.parametrize(
    ("spec", "path", "message"),
    [
        (
            {"governors": [ONE], "executor": {"authCheck": False}},
            "governors",
            "needs executor.authCheck: true: without it nobody governs the chain",
        ),
        ({"governanceRates": {"win": 51}}, "governanceRates", "needs governors beside it"),
        (
            {"governors": [ONE, {"address": "0x" + "ab" * 20}]},
            "governors[1].address",
            "is there twice, in other letters",
        ),
        (
            {"governors": [{"address": f"0x{n:040x}", "weight": 1_000_000} for n in range(43)]},
            "governors",
            "must have weights of at most 42949672 together: more do not count right",
        ),
        (
            {"governors": [{**ONE, "member": "nobody"}]},
            "governors[0].member",
            "nobody is no member of the chain: where it leaves, take its governor out of the list "
            "in the same edit",
        ),
    ],
)
def test_a_committee_that_cannot_be_is_refused(
    spec: dict[str, Any], path: str, message: str
) -> None:
    assert rendered.problems(**spec)[f"spec.fiscoBcos.{path}"] == message
