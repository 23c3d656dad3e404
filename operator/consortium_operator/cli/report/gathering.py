"""Reads what a bug report holds, with the caller's rights. Which kinds are read stands in one list,
and Secret is not in it."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.cli.doctor.checks import examine
from consortium_operator.cli.doctor.finding import lines as doctor_lines
from consortium_operator.cli.doctor.reading import Question
from consortium_operator.cli.doctor.reading import read as read_facts
from consortium_operator.cli.live import live_values
from consortium_operator.cli.operator_metrics import read_metrics
from consortium_operator.cli.printing import data_of
from consortium_operator.cli.report.redaction import REDACTED
from consortium_operator.cli.seeing import OPERATOR, Hidden, every, operators, seen
from consortium_operator.cli.status_view import lines as status_lines
from consortium_operator.cli.status_view import view
from consortium_operator.cli.version_view import CONTAINER as OPERATOR_CONTAINER
from consortium_operator.kube.errors import ApiError
from consortium_operator.kube.kinds import (
    CHILD_KINDS,
    CONSORTIUM_CHAIN,
    EVENT,
    POD,
    JsonObject,
    ObjectKey,
    key_of,
    kind_of,
)
from consortium_operator.kube.person import PersonClient
from consortium_operator.manifests.pod import CONTAINER

_LOG_BYTES = 4 << 20
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_PRIVATE_NAMES = ("password", "passwd", "secret", "token", "key")


@dataclass(slots=True)
class Gathered:
    """`files`: path in the archive → text; `missing`: what is not there, and why."""

    files: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, path: str, content: str | Hidden) -> None:
        if isinstance(content, Hidden):
            self.missing.append(f"{path}: {content.why}")
        else:
            self.files[path] = content


async def gather(
    client: PersonClient, chain: JsonObject, question: Question, log_lines: int
) -> Gathered:
    """`question`: as `consortium doctor` asks it."""
    found = Gathered()
    found.add("chain.yaml", _yaml(chain))
    metrics = await read_metrics(client, question.operator_namespace)
    key = ObjectKey(CONSORTIUM_CHAIN, question.namespace, question.name)
    found.add("status.txt", _text(status_lines(view(chain, live_values(metrics, key)))))
    await _add_findings(found, client, question)
    objects = await _add_objects(found, client, question)
    await _add_events(found, client, question, {one["metadata"]["name"] for one in objects})
    await _add_logs(found, client, "logs", [one for one in objects if _is_pod(one)], log_lines)
    found.add("operator/metrics.txt", metrics)
    await _add_operator(found, client, question.operator_namespace, log_lines)
    return found


async def _add_findings(found: Gathered, client: PersonClient, question: Question) -> None:
    findings = examine(await read_facts(client, question))
    found.add("doctor.txt", _text(doctor_lines(findings)))
    found.add("doctor.yaml", _yaml(data_of(findings)))


async def _add_objects(
    found: Gathered, client: PersonClient, question: Question
) -> list[JsonObject]:
    selector = f"{CHAIN_LABEL}={question.name}"
    lists = await asyncio.gather(
        *(every(client, kind, question.namespace, selector) for kind in CHILD_KINDS)
    )
    objects: list[JsonObject] = []
    for kind, listed in zip(CHILD_KINDS, lists, strict=True):
        if isinstance(listed, Hidden):
            found.add(f"objects/{kind.kind}", listed)
            continue
        for one in listed:
            found.add(f"objects/{kind.kind}/{one['metadata']['name']}.yaml", _yaml(one))
            objects.append(one)
    return objects


async def _add_events(
    found: Gathered, client: PersonClient, question: Question, names: set[str]
) -> None:
    events = await every(client, EVENT, question.namespace)
    if isinstance(events, Hidden):
        found.add("events.yaml", events)
        return
    ours = [one for one in events if _about(one) in {question.name, *names}]
    found.add("events.yaml", _yaml(sorted(ours, key=_moment)))


def _about(event: JsonObject) -> str:
    return str((event.get("involvedObject") or {}).get("name"))


def _moment(event: JsonObject) -> tuple[str, str]:
    at = event.get("lastTimestamp") or event.get("eventTime")
    return str(at or event["metadata"].get("creationTimestamp")), event["metadata"]["name"]


async def _add_logs(
    found: Gathered, client: PersonClient, directory: str, pods: Iterable[JsonObject], lines: int
) -> None:
    wanted = [
        (pod, previous)
        for pod in pods
        for previous in ([False, True] if _has_restarted(pod) else [False])
    ]
    # At once: those of a host that is away are waited for a minute each.
    logs = await asyncio.gather(
        *(_log(client, pod, lines, previous=previous) for pod, previous in wanted)
    )
    for (pod, previous), log in zip(wanted, logs, strict=True):
        ending = "previous.log" if previous else "log"
        found.add(f"{directory}/{pod['metadata']['name']}.{ending}", log)


async def _log(
    client: PersonClient, pod: JsonObject, lines: int, *, previous: bool
) -> str | Hidden:
    names = [one["name"] for one in pod["spec"]["containers"]]
    container = next((one for one in (CONTAINER, OPERATOR_CONTAINER) if one in names), names[0])
    reading = client.log_tail(
        key_of(pod), container, lines=lines, size=_LOG_BYTES, previous=previous
    )
    try:
        return await seen(reading, "you may not get pods/log")
    except ApiError as error:  # it has not started, its host is away
        return Hidden(error.message)


def _has_restarted(pod: JsonObject) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return any(one.get("restartCount") for one in statuses)


async def _add_operator(found: Gathered, client: PersonClient, namespace: str, lines: int) -> None:
    deployments = await operators(client, namespace)
    found.add("operator/deployments.yaml", _listed(deployments))
    pods = await every(client, POD, namespace, OPERATOR)
    if isinstance(pods, Hidden):
        found.add("operator/pods.yaml", pods)
        return
    found.add("operator/pods.yaml", _listed(pods))
    await _add_logs(found, client, "operator", pods, lines)


def _listed(objects: tuple[JsonObject, ...] | Hidden) -> str | Hidden:
    return objects if isinstance(objects, Hidden) else _yaml(list(objects))


def _is_pod(obj: JsonObject) -> bool:
    return kind_of(obj) == POD


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _yaml(value: Any) -> str:
    plain = _without_values(json.loads(json.dumps(value)))
    # In one line whatever is in one, so that no text is cut in two before it is looked through.
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=1 << 30)


def _is_private(name: Any) -> bool:
    return isinstance(name, str) and any(word in name.lower() for word in _PRIVATE_NAMES)


def _without_values(value: Any) -> Any:
    """Without values of variables that are called like a password, and copies of whole objects."""
    if isinstance(value, list | tuple):
        return [_without_values(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if isinstance(value.get("value"), str) and _is_private(value.get("name")):
        return {**value, "value": REDACTED}
    return {k: _without_values(v) for k, v in value.items() if k != _LAST_APPLIED}
