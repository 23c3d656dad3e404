"""Kubernetes Events: what `kubectl describe` shows of a transition. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from consortium_operator.api.moment import rfc3339
from consortium_operator.kube.kinds import EVENT, JsonObject, key_of
from consortium_operator.kube.ownership import FIELD_MANAGER

# The API server's own limit for an Event's note.
_MESSAGE_LIMIT = 1024


@dataclass(frozen=True, slots=True)
class Happening:
    """One transition: a CamelCase reason, a sentence, and when (with a time zone)."""

    reason: str
    message: str
    at: datetime
    type: Literal["Normal", "Warning"] = "Normal"


def event_about(obj: Mapping[str, Any], happening: Happening, reporter: str) -> JsonObject:
    """The Event that tells `happening` about `obj`; `reporter` is the operator's pod name."""
    key = key_of(obj)
    time = rfc3339(happening.at)
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"generateName": f"{key.name}-", "namespace": key.namespace},
        "involvedObject": {
            "apiVersion": key.kind.api_version,
            "kind": key.kind.kind,
            "namespace": key.namespace,
            "name": key.name,
            "uid": obj["metadata"]["uid"],
        },
        "type": happening.type,
        "reason": happening.reason,
        "message": happening.message[:_MESSAGE_LIMIT],
        "count": 1,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "reportingInstance": reporter,
    }
