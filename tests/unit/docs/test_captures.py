"""The pictures of `consortium status`, `doctor` and `topology` show what the commands print today,
as far as it can be told without a cluster. `make captures` takes them anew."""

import html
import re

import pytest

from consortium_operator.cli import status_view
from consortium_operator.cli.doctor import finding
from tests.resources import QUICKSTART_FILE, REPOSITORY
from tests.scripts import load_script
from tests.unit.cli.commands import consortium

CAPTURES = load_script("captures")


def shown(command: str) -> list[str]:
    """The lines of a picture."""
    text = (CAPTURES.IMAGES / f"capture-{command}.svg").read_text("utf-8")
    assert "http" not in text.replace("http://www.w3.org/", ""), "fetches nothing"
    return lines_of(text)


def lines_of(svg: str) -> list[str]:
    rows: dict[float, list[tuple[float, str]]] = {}
    for attributes, body in re.findall(r"<text ([^>]*clip-path[^>]*)>([^<]*)</text>", svg):
        found = dict(re.findall(r'\b([xy])="([\d.]+)"', attributes))
        words = html.unescape(body).replace("\N{NO-BREAK SPACE}", " ")
        rows.setdefault(float(found["y"]), []).append((float(found["x"]), words))
    texts = ("".join(word for _, word in sorted(row)) for _, row in sorted(rows.items()))
    lines = [text.rstrip() for text in texts]
    return lines if lines[-1] else lines[:-1]


@pytest.mark.parametrize("command", CAPTURES.COMMANDS)
def test_a_picture_begins_with_its_command(command: str) -> None:
    first = shown(command)[0]
    assert first == f"$ kubectl consortium {command} quickstart --namespace consortium-demo"


def test_the_picture_of_topology_is_what_the_command_prints() -> None:
    printed = consortium("topology", "--file", QUICKSTART_FILE).stdout
    assert shown("topology")[1:] == [line.rstrip() for line in printed.splitlines()]


def test_the_picture_of_status_has_its_columns() -> None:
    head = (*status_view._HEAD, *status_view._LIVE_HEAD, *status_view._LAST_HEAD)
    assert list(head) in [re.split("  +", line) for line in shown("status")]


def test_the_picture_of_doctor_has_its_columns_and_severities() -> None:
    head, *rows = shown("doctor")[1:]
    assert head.split() == next(finding.lines([])).split()
    findings = [line.split()[0].lower() for line in rows[: rows.index("")]]
    assert findings
    assert set(findings) <= set(finding.Severity)


def test_what_is_drawn_is_found_again() -> None:
    svg = CAPTURES.picture("status", "MEMBER   NODE\nwebank   shenzhen-0\n")
    assert lines_of(svg)[1:] == ["MEMBER   NODE", "webank   shenzhen-0"]


def test_the_pages_show_the_pictures() -> None:
    page = (REPOSITORY / "docs" / "cli.md").read_text("utf-8")
    for command in CAPTURES.COMMANDS:
        assert f"(images/capture-{command}.svg)" in page
