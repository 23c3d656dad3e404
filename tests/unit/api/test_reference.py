"""docs/reference.md is what the models give, and says of each field what the API server holds."""

import re
from collections.abc import Iterator
from typing import Any

from consortium_operator.api import reference
from consortium_operator.api.crd import root_schema
from tests.resources import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference.md"
TEXT = reference.render()


def fields(path: str, node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each object of the schema with each of its fields."""
    for name, child in node.get("properties", {}).items():
        yield path, name
        yield from fields(f"{path}.{name}", child)
        yield from fields(f"{path}.{name}[]", child.get("items", {}))


def section(path: str) -> str:
    (text,) = re.findall(rf"^#+ {re.escape(path)}\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    return str(text)


def row(path: str, name: str) -> list[str]:
    (line,) = (line for line in section(path).splitlines() if line.startswith(f"| `{name}` |"))
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_the_page_in_the_repository_is_what_the_models_give() -> None:
    assert PAGE.read_text("utf-8") == TEXT, "run `make reference`"


def test_every_field_has_a_row_with_a_description() -> None:
    properties = root_schema()["properties"]
    for top in ("spec", "status"):
        for path, name in fields(top, properties[top]):
            cells = row(path, name)
            assert len(cells) == 5, (path, name)
            assert cells[4], (path, name)


def test_a_row_tells_type_default_and_whether_it_may_change() -> None:
    assert row("spec", "version")[1:4] == ["text, 5 to 16 characters", "required", ""]
    assert row("spec", "chainId")[2:4] == ["required", "yes"]
    assert row("spec.fiscoBcos.genesis", "gasLimit")[2:4] == ["`3000000000`", "yes"]
    assert row("spec.fiscoBcos", "genesisSha256")[2:4] == ["", "once set"]
    assert row("spec.members[].nodes[]", "role")[1:3] == ["`Sealer` or `Observer`", '`"Sealer"`']
    assert row("spec", "members")[1] == "[list](#specmembers) by `name`, 1 to 64 entries"


def test_rules_stand_below_their_table() -> None:
    assert "- `members` must have at least one node with role: Sealer" in section("spec")
    assert "is immutable" not in TEXT


def test_no_angle_bracket_is_read_as_an_element() -> None:
    assert re.search(r"<(?!!--)", TEXT) is None
