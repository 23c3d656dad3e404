"""The file that `consortium init` writes: a ConsortiumChain with a word on what matters before the
founding, because much of it can never be changed afterwards. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

_CITY = re.compile(r"(?P<name>[^:]+)(:(?P<count>[1-9][0-9]{0,2}))?")
_PLAIN = re.compile(r"[A-Za-z][-A-Za-z0-9./]+|[0-9]+[A-Z]i")


class NoMember(ValueError):
    """A member is not written as it should be."""


@dataclass(frozen=True, slots=True)
class NewMember:
    """`cities`: name of a node entry → how many nodes."""

    name: str
    cities: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """`image`: repository and tag, or None where the operator's catalogue has it."""

    name: str
    namespace: str
    version: str
    chain_id: str
    storage: str
    image: tuple[str, str] | None
    members: tuple[NewMember, ...]


def parse_member(text: str) -> NewMember:
    """NAME=CITY[:COUNT][,CITY[:COUNT]…]. Raises NoMember."""
    name, _, rest = text.replace(" ", "").partition("=")
    cities = [_CITY.fullmatch(part) for part in rest.split(",")]
    if not name or not all(cities):
        raise NoMember(f"{text!r} is not NAME=CITY[:COUNT], such as webank=shenzhen:2,beijing")
    return NewMember(name, tuple((one["name"], int(one["count"] or 1)) for one in cities if one))


def parse_image(text: str) -> tuple[str, str]:
    """REPOSITORY:TAG. Raises ValueError."""
    repository, _, tag = text.rpartition(":")
    if not repository or not tag or "/" in tag or "@" in text:
        raise ValueError(f"{text!r} is not REPOSITORY:TAG")
    return repository, tag


def chain_id_of(name: str) -> str:
    """The chain's name as far as a chain id can have it."""
    return re.sub(r"[^A-Za-z0-9]", "", name)[:32] or "chain0"


def text_of(answers: Answers) -> str:
    return "\n".join([*_head(answers), *_spec(answers), *_members(answers)]) + "\n"


def _head(answers: Answers) -> Iterator[str]:
    yield "# What is not said here has a default: kubectl explain cchain.spec --recursive"
    yield "apiVersion: consortium.dev/v1alpha1"
    yield "kind: ConsortiumChain"
    yield "metadata:"
    yield f"  name: {_word(answers.name)}"
    yield f"  namespace: {_word(answers.namespace)}"


def _spec(answers: Answers) -> Iterator[str]:
    yield "spec:"
    yield f"  version: {json.dumps(answers.version)} # of the node's program"
    yield "  # Part of every transaction: no other chain may have it. It never changes."
    yield f"  chainId: {_word(answers.chain_id)}"
    if answers.image is None:
        yield "  # image: {repository: …, tag: …} # absent: the operator's catalogue knows it"
    else:
        repository, tag = answers.image
        yield f"  image: {{repository: {_word(repository)}, tag: {_word(tag)}}}"
    yield "  # deletionProtection: true # while true, nobody can delete this resource"
    yield "  nodeDefaults:"
    yield "    storage:"
    yield f"      size: {_word(answers.storage)} # may grow, never shrink"
    yield "      # storageClassName: … # absent: the cluster's default"


def _members(answers: Answers) -> Iterator[str]:
    yield "  # Founding members; others may join, and these leave, while the chain runs. Votes are"
    yield "  # counted by weight: four sealers of one weight are the least that survive a loss."
    yield "  members:"
    for member in answers.members:
        yield f"    - name: {_word(member.name)}"
        yield "      # displayName: … # as people write it"
        yield "      nodes:"
        for city, count in member.cities:
            yield f"        - name: {_word(city)}"
            if count > 1:
                yield f"          count: {count}"
            yield "          # placement: {region: …, zone: …} # what should not fail together"


def _word(text: str) -> str:
    """As YAML has it, in quotes where a reader might take it for something else."""
    is_plain = _PLAIN.fullmatch(text) and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)
