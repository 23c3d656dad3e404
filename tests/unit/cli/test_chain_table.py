"""A chain's status as people read it."""

from typing import Any

from rich.console import Console
from rich.table import Table

from consortium_operator.cli.chain_table import (
    conditions_table,
    headline,
    is_ready,
    nodes_table,
)

NODE_ID = "0123456789abcdef" * 8
FRESH: dict[str, Any] = {"metadata": {"name": "trade", "generation": 1}}


def chain(ready: str, generation: int = 1, observed: int = 1) -> dict[str, Any]:
    condition = {
        "type": "Ready",
        "status": ready,
        "reason": "NodeDown",
        "message": "node webank/shenzhen-0: no answer",
        "observedGeneration": observed,
    }
    node = {
        "name": "shenzhen-0",
        "nodeId": NODE_ID,
        "role": "Sealer",
        "weight": 2,
        "state": "Down",
        "certificateExpires": "2027-08-01T10:00:00Z",
    }
    status = {
        "sealers": "3/4",
        "conditions": [condition],
        "members": [{"name": "webank", "nodes": [node, {"name": "shenzhen-1"}]}],
    }
    return {"metadata": {"name": "trade", "generation": generation}, "status": status}


def shown(table: Table) -> list[list[str]]:
    """Rows below the header, as words."""
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table)
    return [line.split() for line in capture.get().splitlines()][1:]


def test_a_chain_is_ready_when_its_condition_says_so() -> None:
    assert is_ready(chain("True"))
    assert not is_ready(chain("False"))
    assert not is_ready(chain("Unknown"))


def test_a_chain_whose_newest_spec_was_not_judged_yet_is_not_ready() -> None:
    assert not is_ready(chain("True", generation=2, observed=1))


def test_a_chain_without_a_status_is_not_ready_and_waits_for_the_operator() -> None:
    assert not is_ready(FRESH)
    assert headline(FRESH) == "no sealers live · waiting for the operator"
    assert shown(nodes_table(FRESH)) == []
    assert shown(conditions_table(FRESH)) == []


def test_the_headline_counts_sealers_and_says_what_is_the_matter() -> None:
    assert headline(chain("False")) == "3/4 sealers live · node webank/shenzhen-0: no answer"


def test_a_node_is_a_row_with_the_day_its_certificate_ends() -> None:
    known, unknown = shown(nodes_table(chain("False")))
    assert known == ["webank/shenzhen-0", "Sealer", "2", "Down", "0123456789ab…", "2027-08-01"]
    assert unknown[:4] == ["webank/shenzhen-1", "-", "-", "-"]


def test_a_condition_is_a_row_with_its_sentence() -> None:
    (row,) = shown(conditions_table(chain("False")))
    assert row[:3] == ["Ready", "False", "NodeDown"]
    assert " ".join(row[3:]) == "node webank/shenzhen-0: no answer"
