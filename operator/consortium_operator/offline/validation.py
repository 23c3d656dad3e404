"""Judges the ConsortiumChains of files as the API server and the operator would, all at once."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from consortium_operator.api.chain import GROUP, KIND, ConsortiumChain
from consortium_operator.api.conditions import Reason
from consortium_operator.api.parse import parse
from consortium_operator.api.problem import InvalidResource, Problem
from consortium_operator.chain.fault_domains import fault_domains
from consortium_operator.chain.plan import Settings, make_plan
from consortium_operator.engines.protocol import Engine
from consortium_operator.offline.documents import Document, read_documents
from consortium_operator.offline.mending import all_problems

UNREADABLE = "Unreadable"
"""The reason of what is no readable file at all; all others are the operator's own."""

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """One thing that is wrong. `line`: 0 where it cannot be said; `chain`: namespace/name, or
    empty; `path`: the field, or empty."""

    line: int
    chain: str
    path: str
    message: str
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """What is no error, and still worth a word."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """A chain of the file that is as it should be."""

    chain: ConsortiumChain
    document: Document


@dataclass(slots=True)
class Validation:
    """What a file holds. `chains`: those without a complaint."""

    chains: list[Found] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        return not self.complaints


def validate(
    content: bytes, engines: Mapping[str, Engine], catalogue: Mapping[str, str] | None = None
) -> Validation:
    """`catalogue`: the operator's images by version; None where it is not known, and then a chain
    without an image of its own is only noted."""
    return validate_files({"": content}, engines, catalogue)[""]


def validate_files(
    contents: Mapping[str, bytes],
    engines: Mapping[str, Engine],
    catalogue: Mapping[str, str] | None = None,
) -> dict[str, Validation]:
    """The same of several files, by their names: chains of two files are held against each other as
    those of one are."""
    found = {name: _alone(content, engines, catalogue) for name, content in contents.items()}
    chains = [(name, one) for name, judged in found.items() for one in judged.chains]
    for name, complaint in _twins(chains):
        found[name].complaints.append(complaint)
    for judged in found.values():
        judged.complaints.sort()
    return found


def _alone(
    content: bytes, engines: Mapping[str, Engine], catalogue: Mapping[str, str] | None
) -> Validation:
    reading = read_documents(content)
    found = Validation()
    found.complaints += [
        Complaint(fault.line, "", "", fault.message, UNREADABLE) for fault in reading.faults
    ]
    judge = _Judge(engines, catalogue, found)
    for document in reading.documents:
        judge.document(document)
    if not judge.seen and not reading.faults:
        message = f"there is no {KIND} in it"
        found.complaints.append(Complaint(0, "", "kind", message, Reason.INVALID.value))
    return found


@dataclass(slots=True)
class _Judge:
    engines: Mapping[str, Engine]
    catalogue: Mapping[str, str] | None
    found: Validation
    seen: int = 0

    def document(self, document: Document) -> None:
        value = document.value
        kind = value.get("kind") if isinstance(value, dict) else None
        api_version = value.get("apiVersion") if isinstance(value, dict) else None
        if isinstance(kind, str) and not _is_chain(kind, api_version):
            what = f"{kind} {_named(value)}".strip()
            self.found.notes.append(
                Note(document.line(), f"{what} is no {KIND}: it is passed over")
            )
            return
        self.seen += 1
        name = _named(value) if isinstance(value, dict) else ""
        problems = self._problems(document)
        self.found.complaints += [
            Complaint(document.line(one.path), name, one.path, one.message, one.reason.value)
            for one in problems
        ]

    def _problems(self, document: Document) -> tuple[Problem, ...]:
        try:
            chain = parse(document.value)
        except InvalidResource as error:
            return all_problems(document.value, error.problems)
        problems = (
            *_metadata(chain),
            *self.engines[chain.spec.engine.value].problems(chain),
        )
        problems = problems or self._plan(chain)
        if not problems:
            self.found.chains.append(Found(chain, document))
            self._notes(chain, document)
        return tuple(problems)

    def _plan(self, chain: ConsortiumChain) -> tuple[Problem, ...]:
        try:
            make_plan(chain, Settings("", self.catalogue or {}))
        except InvalidResource as error:
            return tuple(
                problem
                for problem in error.problems
                if self.catalogue is not None or problem.reason is not Reason.IMAGE_REQUIRED
            )
        return ()

    def _notes(self, chain: ConsortiumChain, document: Document) -> None:
        if self.catalogue is None and chain.spec.image.repository is None:
            self.found.notes.append(
                Note(
                    document.line("spec.version"),
                    "spec.image names no repository: the operator's image catalogue must know "
                    f"version {chain.spec.version}",
                )
            )
        if "namespace" not in (document.value.get("metadata") or {}):
            self.found.notes.append(
                Note(
                    document.line("metadata"),
                    "metadata.namespace is not set: `default` is taken here, kubectl would take "
                    "its context's",
                )
            )
        self.found.notes += [
            Note(document.line("spec.members"), message) for message in _concentrations(chain)
        ]


def _concentrations(chain: ConsortiumChain) -> Iterator[str]:
    """What the operator will warn of (WeightConcentration). Where f is 0 any place is too heavy,
    which says nothing of places."""
    plan = make_plan(chain, Settings("", {chain.spec.version: "not looked at"}))
    for domain in fault_domains(plan) if plan.quorum.faulty else ():
        if domain.is_concentrated:
            yield (
                f"{domain.kind} {domain.name} holds {domain.weight} of the weight "
                f"{plan.quorum.total_weight}, of which {plan.quorum.faulty} may fail: where it is "
                "lost, no block is made"
            )


def _is_chain(kind: str, api_version: object) -> bool:
    """By kind, unless it is of another group that has a kind of this name."""
    group = api_version.partition("/")[0] if isinstance(api_version, str) else GROUP
    return kind == KIND and (group == GROUP or "." not in group)


def _named(value: Mapping[str, Any]) -> str:
    metadata = value.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        return ""
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def _metadata(chain: ConsortiumChain) -> Iterator[Problem]:
    """What every API server checks."""
    if not _NAMESPACE.fullmatch(chain.metadata.namespace):
        yield Problem(
            "metadata.namespace",
            "must be a DNS label: at most 63 lower-case letters, digits and dashes",
        )


_Placed = tuple[str, Found]
"""A chain, and the name of its file."""


def _twins(chains: Iterable[_Placed]) -> Iterator[tuple[str, Complaint]]:
    """Two chains that the operator would not have side by side; each with the later one's file."""
    groups: dict[tuple[str, ...], list[_Placed]] = defaultdict(list)
    for file, one in chains:
        metadata, spec = one.chain.metadata, one.chain.spec
        groups["name", metadata.namespace, metadata.name].append((file, one))
        groups["chainId", spec.chain_id, spec.fisco_bcos.group_id].append((file, one))
    for (what, *_), (first, *others) in groups.items():
        for other in others:
            yield other[0], _twin(what, first, other)


def _twin(what: str, first: _Placed, other: _Placed) -> Complaint:
    (first_file, twin), (other_file, found) = first, other
    if what == "name":
        place = "" if first_file == other_file else f"{first_file}, "
        message = f"stands in {place}line {twin.document.line()} already: remove one of the two"
        path, reason = "metadata.name", Reason.INVALID
    else:
        message = (
            f"the chain {_full_name(twin)} has the same chainId and groupId, so that a transaction "
            "of one could be replayed on the other: choose another chainId"
        )
        path, reason = "spec.chainId", Reason.CHAIN_ID_NOT_UNIQUE
    return Complaint(found.document.line(path), _full_name(found), path, message, reason.value)


def _full_name(found: Found) -> str:
    return f"{found.chain.metadata.namespace}/{found.chain.metadata.name}"
