"""Finds what is wrong with a resource beyond its first errors.

A rule about an object can be judged only where all of the object has the right shape. So what is
wrong is taken out, or where it is needed put in from a sample, and the rest is judged again.
"""

import copy
import re
from typing import Any

from consortium_operator.api.parse import parse
from consortium_operator.api.problem import InvalidResource, Problem

_ROUNDS = 4
"""A field that is taken out may be missed in the next round, and its sample judged in a third."""

_NODES = [{"name": "node"}]
_MEMBERS = [{"name": "member", "nodes": _NODES}]
_SAMPLES: dict[str, Any] = {
    "apiVersion": "consortium.dev/v1alpha1",
    "kind": "ConsortiumChain",
    "metadata": {"name": "chain"},
    "spec": {"version": "3.16.4", "chainId": "chain0", "members": _MEMBERS},
    "version": "3.16.4",
    "chainId": "chain0",
    "members": _MEMBERS,
    "nodes": _NODES,
    "name": "name",
    "secretName": "name",
    "key": "name",
    "operator": "Exists",
}


def all_problems(value: object, first: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """`first`, and the problems of what is not among them. `value` is left as it is."""
    found, latest, mended = list(first), first, copy.deepcopy(value)
    for _ in range(_ROUNDS):
        if not isinstance(mended, dict):
            break
        for problem in latest:
            _mend(mended, problem.path)
        try:
            parse(mended)
            break
        except InvalidResource as error:
            latest = error.problems
        known = [problem.path for problem in found]
        found += [one for one in latest if not any(_is_below(one.path, path) for path in known)]
    return tuple(dict.fromkeys(found))


def _is_below(path: str, other: str) -> bool:
    return path == other or path.startswith((f"{other}.", f"{other}["))


def _mend(value: dict[str, Any], path: str) -> None:
    """Takes the field at `path` out where it is there, else puts a sample of it in."""
    holder: Any = value
    steps = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
    for step in steps[:-1]:
        holder = _child(holder, step)
    last = steps[-1] if steps else ""
    if isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        holder[last] = None  # the others keep their numbers
    elif isinstance(holder, dict) and isinstance(last, str):
        if last in holder and (last not in _SAMPLES or holder[last] is None):
            del holder[last]
        elif last in _SAMPLES:
            holder[last] = _sample(last, path)


def _sample(field: str, path: str) -> Any:
    """Names differ, as those in one list must."""
    if field == "name":
        return "x" + "".join(re.findall(r"\d", path))
    return copy.deepcopy(_SAMPLES[field])


def _child(holder: Any, step: int | str) -> Any:
    if isinstance(holder, dict):
        return holder.get(str(step))
    if isinstance(holder, list) and isinstance(step, int) and step < len(holder):
        return holder[step]
    return None
