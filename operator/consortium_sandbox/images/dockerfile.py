"""Reads images/Dockerfile, which says what the images run and as whom, for both ways to build them.

It understands the few forms that this one file uses; a test holds the file to them.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox.errors import SandboxError
from consortium_sandbox.images.oci import ImageConfig

DOCKERFILE = "images/Dockerfile"


@dataclass(frozen=True)
class Instruction:
    """One instruction; continued lines are one."""

    keyword: str
    text: str


@dataclass(frozen=True)
class Stage:
    """What stands between two FROM. `base` is an image or an earlier stage."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]

    def texts(self, keyword: str) -> list[str]:
        """What stands behind each instruction of that name."""
        return [each.text for each in self.instructions if each.keyword == keyword]

    def config(self, arguments: Mapping[str, str]) -> ImageConfig:
        """What a container of this stage runs. `arguments` are those of `--build-arg`."""
        (entrypoint,) = self.texts("ENTRYPOINT")
        users = self.texts("USER")
        return ImageConfig(
            entrypoint=tuple(json.loads(entrypoint)),
            environment=_pairs(self.texts("ENV"), arguments),
            labels=_pairs(self.texts("LABEL"), arguments),
            user=users[-1] if users else None,
        )


def read_stages(checkout: Path) -> dict[str, Stage]:
    """The stages of the checkout's Dockerfile, by name."""
    return parse((checkout / DOCKERFILE).read_text())


def parse(text: str) -> dict[str, Stage]:
    """The stages of a Dockerfile in which each has a name."""
    stages: dict[str, Stage] = {}
    name, base, found = "", "", list[Instruction]()
    for instruction in [*_instructions(text), Instruction("FROM", " AS ")]:
        if instruction.keyword != "FROM":
            found.append(instruction)
            continue
        if name:
            stages[name] = Stage(name, base, tuple(found))
        base, _, name = instruction.text.partition(" AS ")
        found = []
    return stages


def _instructions(text: str) -> list[Instruction]:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = []
    for line in re.sub(r"\\\n\s*", "", lines).splitlines():
        if line.strip():
            keyword, _, rest = line.strip().partition(" ")
            found.append(Instruction(keyword, rest.strip()))
    return found


def _pairs(texts: list[str], arguments: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for text in texts:
        for word in shlex.split(text):
            key, _, value = word.partition("=")
            found[key] = _filled_in(value, arguments)
    return found


def _filled_in(value: str, arguments: Mapping[str, str]) -> str:
    def of(name: re.Match[str]) -> str:
        if name[1] not in arguments:
            raise SandboxError(f"{DOCKERFILE} uses {name[0]}, which nobody gave")
        return arguments[name[1]]

    return re.sub(r"\$\{(\w+)\}", of, value)
