"""A chain's objects as they must be however often it was disturbed on the way: two foundings differ
in their keys and in what follows from them, and in nothing else.

What differs is replaced by a token that counts its values in the order of their appearance. So a
node id that stands where another one should is still a difference.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN
from tests.api_server import Body, labels_of, path_of
from tests.integration.operator.support.chain import Chain

NormalForm = dict[str, Any]
"""Path → what must be the same."""

_HASHED_NAME = re.compile(r"-(cert|config)-[0-9a-f]{10}\b")
_VALUES = {
    "pem": r"-----BEGIN [^-]+-----.*?-----END [^-]+-----",
    "uid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "hex": r"(?<![0-9a-f])[0-9a-f]{32,}",
    "address": r"\b10(?:\.\d+){3}\b",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
}
_VALUE = re.compile("|".join(f"(?P<{name}>{text})" for name, text in _VALUES.items()))
_KEPT = ("name", "labels", "annotations", "ownerReferences", "finalizers")
_CONTROLLERS = "kube-"


def normal_form(chain: Chain) -> NormalForm:
    """Of the children, and of the resource's status."""
    spec = chain.manifest["spec"]
    tokens: dict[tuple[str, str], str] = {}

    def normal(value: Any) -> Any:
        text = json.dumps(value, sort_keys=True)
        for name in (spec["chainId"], chain.namespace):
            text = text.replace(name, "<here>")
        text = _HASHED_NAME.sub(r"-\1-<hash>", text)
        return json.loads(_VALUE.sub(lambda match: _token(match, tokens), text))

    # Registers first: they give the keys their tokens, under the names of their owners.
    children = sorted(chain.children(), key=lambda obj: (not _is_of(obj, "register"), path_of(obj)))
    found = {_HASHED_NAME.sub(r"-\1-", path_of(obj)): normal(_content(obj)) for obj in children}
    for obj in children:
        if _is_of(obj, "genesis"):
            _sort_founders(found[path_of(obj)]["data"])
    resource = chain.get(CONSORTIUM_CHAIN, chain.name) or {}
    return found | {"status": normal(_status(resource))}


def _is_of(obj: Body, part: str) -> bool:
    return labels_of(obj)["consortium.dev/part"] == part


def _sort_founders(data: Body) -> None:
    """A genesis names them in the order of their ids, which are as good as random."""
    data["founders.json"] = sorted(json.loads(data["founders.json"]), key=str)
    lines = re.sub(r"\bnode\.\d+", "node", data["config.genesis"]).splitlines()
    data["config.genesis"] = sorted(lines)


def _token(match: re.Match[str], tokens: dict[tuple[str, str], str]) -> str:
    kind, value = str(match.lastgroup), match[0]
    same_kind = sum(known == kind for known, _ in tokens)
    return tokens.setdefault((kind, value), f"<{kind} {same_kind}>" if kind != "time" else "<time>")


def _content(obj: Body) -> Body:
    metadata = obj["metadata"]
    content = {k: v for k, v in obj.items() if k not in ("metadata", "status")}
    if obj["kind"] == "Secret":
        content["data"] = dict.fromkeys(obj["data"], "<private>")
    managers = {
        f"{one['manager']} {one['operation']}"
        for one in metadata.get("managedFields", [])
        if not one["manager"].startswith(_CONTROLLERS)
    }
    return content | {
        "metadata": {name: metadata.get(name) for name in _KEPT},
        "managers": sorted(managers),
    }


def _status(resource: Mapping[str, Any]) -> Body:
    status = dict(resource.get("status", {}))
    status["conditions"] = {one["type"]: one for one in status.get("conditions", [])}
    return status
