"""What `make docs` makes of the pages, as far as it can be told without building the site."""

import fnmatch
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.resources import REPOSITORY
from tests.scripts import load_script

CONFIG: dict[str, Any] = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text("utf-8"))
DOCS = REPOSITORY / "docs"
SITE = load_script("docs_site")


def pages(entries: Any) -> Iterator[str]:
    """The files that a navigation names."""
    if isinstance(entries, str):
        yield entries
    elif isinstance(entries, dict):
        for below in entries.values():
            yield from pages(below)
    else:
        for entry in entries:
            yield from pages(entry)


def sources() -> list[str]:
    found = sorted(DOCS.rglob("*.md"))
    return [SITE.place_of(path) for path in (*found, *SITE.taken_along(found))]


def test_every_page_is_in_the_navigation_or_in_a_list_of_its_own() -> None:
    listed = [line.lstrip("/") for line in CONFIG["not_in_nav"].split()]
    patterns = [f"{line}*" if line.endswith("/") else line for line in listed]
    named = set(pages(CONFIG["nav"]))
    missing = {
        one
        for one in sources()
        if one.endswith(".md")
        and one not in named
        and not any(fnmatch.fnmatch(one, pattern) for pattern in patterns)
    }
    assert missing == set(), "name it in mkdocs.yml"


def test_the_navigation_names_nothing_that_is_not_there() -> None:
    assert set(pages(CONFIG["nav"])) <= set(sources())


@pytest.mark.parametrize(
    ("page", "written", "shown"),
    [
        ("docs/faq.md", "[c](cli.md#options)", "[c](cli.md#options)"),
        ("docs/faq.md", "[c](../CONTRIBUTING.md)", "[c](repository/CONTRIBUTING.md)"),
        ("docs/decisions/README.md", "[c](../cli.md)", "[c](../cli.md)"),
        ("CONTRIBUTING.md", "[c](docs/cli.md)", "[c](../cli.md)"),
        ("charts/consortium-operator/README.md", "[v](values.yaml)", "[v](values.yaml)"),
        ("docs/faq.md", "[f](https://example.org/x.md)", "[f](https://example.org/x.md)"),
        ("docs/faq.md", "[h](#here) [n](none.md)", "[h](#here) [n](none.md)"),
        ("docs/faq.md", "```\n[c](../README.md)\n```", "```\n[c](../README.md)\n```"),
    ],
)
def test_links_lead_to_where_the_files_are(page: str, written: str, shown: str) -> None:
    assert SITE.turned(written, REPOSITORY / page) == shown


def test_a_file_that_a_page_links_to_is_taken_along_with_what_it_links_to() -> None:
    found = [path.relative_to(REPOSITORY) for path in SITE.taken_along([DOCS / "README.md"])]
    assert Path("charts/consortium-operator/README.md") in found
    assert Path("charts/consortium-operator/values.yaml") in found
