"""The documents of the repository, taken apart for tests that hold them against the code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.resources import REPOSITORY

_FENCE = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Document:
    """A Markdown file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(REPOSITORY))

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def prose(self) -> str:
        """Without the fenced blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        """The content of the fenced blocks in one language."""
        return [body for _, found, body in _FENCE.findall(self.text) if found == language]

    @property
    def commands(self) -> "list[Commands]":
        """The blocks that somebody may paste into a terminal."""
        found = _FENCE.findall(self.text)
        return [Commands(self, note, body) for note, language, body in found if language == "sh"]

    @property
    def anchors(self) -> set[str]:
        """What a link may name behind `#`, as the sites that show Markdown make it."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        words = (re.sub(r"[^\w\- ]", "", heading).lower() for heading in headings)
        return {word.replace(" ", "-") for word in words}


@dataclass(frozen=True)
class Commands:
    """A block of commands. `note`: the comment in front of it, which says what runs it, or why
    nothing does. Without one, tests/integration/docs/test_commands.py runs it."""

    document: Document
    note: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}: {self.text.splitlines()[0]}"


DOCUMENTS = [
    Document(path)
    for pattern in ("*.md", "docs/**/*.md", "charts/**/*.md", "examples/*.md", ".github/**/*.md")
    for path in sorted(REPOSITORY.glob(pattern))
]
README = Document(REPOSITORY / "README.md")


@dataclass(frozen=True)
class Written:
    """A ConsortiumChain that somebody may copy, and where it stands."""

    where: str
    body: dict[str, Any]

    def __str__(self) -> str:
        return self.where


# What documents show beside the chains: other projects' resources, which no test of ours can judge.
FOREIGN = {("cert-manager.io/v1", "Issuer"), ("cert-manager.io/v1", "Certificate")}


def objects_of(document: Document) -> list[Any]:
    """All Kubernetes objects that its YAML blocks show."""
    return [
        body
        for block in document.blocks("yaml")
        for body in _objects(block)
        if "kind" in body and "metadata" in body
    ]


def _objects(text: str) -> Iterator[Any]:
    return (found for found in yaml.safe_load_all(text) if isinstance(found, dict))


def _written() -> Iterator[Written]:
    sources = [
        (str(document), block) for document in DOCUMENTS for block in document.blocks("yaml")
    ]
    sources += [(path.name, path.read_text("utf-8")) for path in _examples()]
    for where, text in sources:
        for body in _objects(text):
            if body.get("kind") == "ConsortiumChain":
                yield Written(f"{where}: {body['metadata']['name']}", body)


def _examples() -> list[Path]:
    return sorted((REPOSITORY / "examples").glob("*.yaml"))


CHAINS = list(_written())
