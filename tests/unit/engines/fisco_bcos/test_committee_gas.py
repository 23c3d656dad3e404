"""The gas that the committee needs of the chain's limit for one transaction."""

from tests.unit.engines.fisco_bcos import rendered


def refused(
    at_founding: int, governors: int = 0, later: str | None = None, auth: bool = True
) -> list[str]:
    found = rendered.problems(
        genesis={"gasLimit": at_founding},
        executor={"authCheck": auth},
        governors=[{"address": f"0x{number:040x}"} for number in range(1, governors + 1)],
        onChain={"systemConfig": {} if later is None else {"tx_gas_limit": later}},
    )
    return [path.removeprefix("spec.fiscoBcos.") for path in found]


def test_a_committee_is_founded_with_gas_enough_to_be_made() -> None:
    assert refused(699_999) == ["genesis.gasLimit"]
    assert refused(700_000) == refused(100_001, auth=False) == []


def test_the_limit_of_the_running_chain_lets_the_committee_raise_it_again() -> None:
    at = ["onChain.systemConfig.tx_gas_limit"]
    assert refused(3_000_000_000, later="699999") == at
    assert refused(3_000_000_000, later="700000") == []
    assert refused(3_000_000_000, later="100000", auth=False) == []


def test_more_governors_need_more() -> None:
    """Every vote costs, and the last one counts them all."""
    assert refused(700_000, governors=16) == []
    assert refused(700_000, governors=17) == ["governors"]
    assert refused(700_000, governors=17, later="705000") == []
    assert refused(700_000, governors=17, later="704999") == ["onChain.systemConfig.tx_gas_limit"]
