"""Reads a file of Kubernetes objects, YAML or JSON, and remembers on which line each field is.

It reads as kubectl does, and says at once what else would be misread: a key that stands twice, a
tab, an anchor that grows without bound, a value that is none of JSON's.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MOST_BYTES = 3 << 20
"""The API server takes no larger request."""
_MOST_VALUES = 100_000
_MOST_LEVELS = 64

_TOO_DEEP = "nested too deeply: no object is"

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_PLAIN = {f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What keeps a file from being read. `line` counts from 1; 0 where there is no saying."""

    line: int
    message: str


@dataclass(frozen=True)
class Document:
    """One object as written. `node` is None where its lines are not known."""

    value: Any
    node: Node | None

    def line(self, path: str = "") -> int:
        """The line of the field `spec.members[0].name`, or of the nearest thing around it that is
        written; 0 where no line is known."""
        if self.node is None:
            return 0
        node, line, rest = self.node, self.node.start_mark.line, path
        while rest:
            step = _step(node, rest)
            if step is None:
                break
            line, node, rest = step
        return int(line) + 1


@dataclass(frozen=True)
class Reading:
    """What could be read, and all that could not."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]


def read_documents(content: bytes) -> Reading:
    """The documents of a file in their order; those that are empty are left out. The entries of a
    `kind: List` count as documents."""
    if len(content) > MOST_BYTES:
        return _unreadable(0, f"more than {MOST_BYTES >> 20} MiB: no object is as large")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _unreadable(content.count(b"\n", 0, error.start) + 1, "not UTF-8: save it as UTF-8")
    found = _read_json(text) or _read_yaml(text)
    documents = tuple(entry for one in found.documents for entry in _entries(one))
    return Reading(documents, tuple(sorted(set(found.faults))))


def _unreadable(line: int, message: str) -> Reading:
    return Reading((), (Fault(line, message),))


def _entries(document: Document) -> Iterator[Document]:
    value, node = document.value, document.node
    items = value.get("items") if isinstance(value, dict) and value.get("kind") == "List" else None
    if not isinstance(items, list):
        yield document
        return
    holder = _child(node, "items") if node is not None else None
    nodes = holder.value if isinstance(holder, SequenceNode) else []
    for index, item in enumerate(items):
        yield Document(item, nodes[index] if len(nodes) == len(items) else None)


# --- JSON -----------------------------------------------------------------------------------


class _NoJson(ValueError):
    """Not JSON, or not JSON that says one thing only: YAML's reader tells more."""


def _read_json(text: str) -> Reading | None:
    """None where it is no JSON, which YAML may still be."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
        # JSON may be indented with tabs, YAML may not: for the lines alone it is read as YAML.
        node = yaml.compose(text.replace("\t", " "), Loader=_Loader)
    except (ValueError, RecursionError):
        return None
    except yaml.YAMLError:
        node = None
    faults = _Values().faults_of(value)
    return Reading((Document(value, node),) if not faults else (), tuple(faults))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NoJson
    return found


def _refuse_constant(name: str) -> None:
    raise _NoJson


# --- YAML -----------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Plain scalars as kubectl reads them: no dates, no numbers to the base of 60, and 1e3 is a
    number."""


_RESOLVED = {"int", "float", "timestamp"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag.removeprefix(_TAG) not in _RESOLVED]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    f"{_TAG}int",
    re.compile(
        r"[-+]?0b[01_]+$|[-+]?0[0-7_]+$|[-+]?(?:0|[1-9][0-9_]*)$|[-+]?0x[0-9a-fA-F_]+$", re.ASCII
    ),
    list("-+0123456789"),
)
_Loader.add_implicit_resolver(
    f"{_TAG}float",
    re.compile(
        r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?$|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$"
        r"|[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?$"
        r"|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$",
        re.ASCII,
    ),
    list("-+0123456789."),
)


def _read_yaml(text: str) -> Reading:
    documents: list[Document] = []
    faults: list[Fault] = []
    try:
        for node in yaml.compose_all(text, Loader=_Loader):
            values = _Values()
            value = values.of(node)
            faults += values.faults
            if not values.faults and value is not None:
                documents.append(Document(value, node))
    except yaml.YAMLError as error:
        faults.append(_syntax(error, text))
    except RecursionError:
        faults.append(Fault(0, _TOO_DEEP))
    return Reading(tuple(documents), tuple(faults))


def _syntax(error: yaml.YAMLError, text: str) -> Fault:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Fault(line, f"the character U+{ord(text[error.position]):04X} may not stand here")
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Fault(0, "no readable YAML")
    mark = error.problem_mark
    lines = text.split("\n")
    before = lines[mark.line][: mark.column + 1] if mark.line < len(lines) else ""
    if "\\t" in (error.problem or "") or before.strip(" ").startswith("\t"):
        return Fault(mark.line + 1, "a tab: YAML is indented with spaces")
    context = f" {error.context}" if error.context else ""
    return Fault(mark.line + 1, f"no readable YAML: {error.problem}{context}")


class _Values:
    """Makes plain values of YAML nodes, and collects what no JSON can say."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._left = _MOST_VALUES
        self._makers: dict[type[Node], Callable[[Any, int], Any]] = {
            ScalarNode: self._scalar,
            SequenceNode: self._sequence,
            MappingNode: self._mapping,
        }

    def of(self, node: Node, level: int = 0) -> Any:
        """None where nothing can be made of it; the faults say why."""
        self._left -= 1
        if self._left < 0 or level > _MOST_LEVELS:
            if self._left == -1 or level > _MOST_LEVELS:
                self._left = min(self._left, -2)
                self._fault(node, "too large or too deep once its anchors are followed")
            return None
        if node.tag not in _PLAIN | {_MERGE}:
            self._fault(
                node, f"the tag {node.tag.replace(_TAG, '!!')} has no meaning here: remove it"
            )
            return None
        return self._makers[type(node)](node, level)

    def faults_of(self, value: Any) -> list[Fault]:
        """Of what was JSON already: half characters, numbers and depth beyond all measure."""
        pending, found = [(value, 0)], set[str]()
        while pending:
            one, level = pending.pop()
            if level > _MOST_LEVELS:
                found.add(_TOO_DEEP)
            elif isinstance(one, dict):
                pending += [(entry, level + 1) for entry in (*one.keys(), *one.values())]
            elif isinstance(one, list):
                pending += [(entry, level + 1) for entry in one]
            elif (complaint := _no_json(one)) is not None:
                found.add(complaint)
        return [Fault(0, complaint) for complaint in sorted(found)]

    def _scalar(self, node: ScalarNode, level: int) -> Any:
        constructor = _Loader("")
        try:
            value = constructor.construct_object(node)
        except (ValueError, OverflowError, yaml.YAMLError):
            self._fault(node, "a number that cannot be read: write it in full, or in quotes")
            return None
        finally:
            constructor.dispose()
        complaint = _no_json(value)
        if complaint is not None:
            self._fault(node, complaint)
        return value

    def _sequence(self, node: SequenceNode, level: int) -> list[Any]:
        return [self.of(entry, level + 1) for entry in node.value]

    def _mapping(self, node: MappingNode, level: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged = self._merged(value_node, level) | merged
                continue
            value = self.of(value_node, level + 1)
            key = self._key(key_node)
            if key in found:
                self._fault(key_node, f"the key {key!r} stands twice in one object: remove one")
            elif key is not None:
                found[key] = value
        return merged | found

    def _merged(self, node: Node, level: int) -> dict[str, Any]:
        """`<<: *anchor`, or a list of them; the first one that has a key wins."""
        entries = node.value if isinstance(node, SequenceNode) else [node]
        found: dict[str, Any] = {}
        for entry in entries:
            if not isinstance(entry, MappingNode):
                self._fault(node, "`<<` takes an object, or a list of objects")
            else:
                found = (self.of(entry, level + 1) or {}) | found
        return found

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode) or node.tag not in _PLAIN:
            self._fault(node, "a key must be a word")
            return None
        value = self._scalar(node, 0)
        return value if isinstance(value, str) else str(node.value)

    def _fault(self, node: Node, message: str) -> None:
        self.faults.append(Fault(node.start_mark.line + 1, message))


def _no_json(value: Any) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return "is no number that JSON could hold"
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        return "holds half a character (a lone surrogate)"
    return None


# --- Lines ----------------------------------------------------------------------------------


def _step(node: Node, path: str) -> tuple[int, Node, str] | None:
    """One step along the path: (line, node, what is left of the path)."""
    path = path.removeprefix(".")
    if isinstance(node, SequenceNode):
        found = re.match(r"\[(\d+)\]", path)
        if found is None or int(found[1]) >= len(node.value):
            return None
        entry = node.value[int(found[1])]
        return entry.start_mark.line, entry, path[found.end() :]
    if not isinstance(node, MappingNode):
        return None
    # A key may hold dots itself: the longest one that fits is meant.
    fitting = [
        (key, value)
        for key, value in node.value
        if isinstance(key, ScalarNode) and _begins_with(path, key.value)
    ]
    if not fitting:
        return None
    key, value = max(fitting, key=lambda pair: len(pair[0].value))
    return key.start_mark.line, value, path[len(key.value) :]


def _begins_with(path: str, key: str) -> bool:
    rest = path[len(key) :]
    return bool(key) and path.startswith(key) and (not rest or rest[0] in ".[")


def _child(node: Node, key: str) -> Node | None:
    step = _step(node, key) if isinstance(node, MappingNode) else None
    return step[1] if step is not None else None
