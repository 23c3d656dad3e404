"""What a failed call means to its caller, and what may be said about it.

The API server's answers are sorted by what the caller has to do, not by their number alone. No
error carries an object's body; for a Secret even the server's own words are cut down, because
it quotes values: a server-side apply with a wrong type answers
`.data.a: expected string, got ...Value:map[string]interface {}{"the":"value"}` (1.37).
"""

import json
from collections.abc import Mapping
from typing import Any

from consortium_operator.kube.kinds import SECRET, Kind, ObjectKey

# Answers to a Secret's write whose text names objects and people, never values.
_HARMLESS_FOR_SECRETS = {401, 403, 404, 409, 429}


class ApiError(Exception):
    """A call that failed. `status` is the HTTP status, or 0 where no answer came."""

    def __init__(
        self, status: int, reason: str, message: str, verb: str, key: Kind | ObjectKey
    ) -> None:
        super().__init__(status, reason, message, verb, key)
        self.status = status
        self.reason = reason
        self.message = message
        self.verb = verb
        self.key = key

    def __str__(self) -> str:
        answer = f"{self.status} {self.reason}".strip() if self.status else self.reason
        return f"{self.verb} {self.key}: {answer}: {self.message}"


class NotFound(ApiError):
    """404. `names_object`: the API server itself says that this object does not exist."""

    names_object: bool = False


class Conflict(ApiError):
    """409: the object is no longer what the caller thought (resourceVersion or uid)."""


class AlreadyExists(ApiError):
    """409 on a create: the name is taken. By whom, only a read can tell."""


class Invalid(ApiError):
    """The server will never accept this object as it is."""


class Forbidden(ApiError):
    """403: the operator's rights do not reach, or an admission policy says no."""


class QuotaExceeded(ApiError):
    """403: a ResourceQuota of the namespace is used up."""


class NamespaceTerminating(ApiError):
    """403: the namespace is being deleted; nothing can be created in it."""


class Expired(ApiError):
    """410: the resourceVersion or continue token is too old; list again."""


class TooManyRequests(ApiError):
    """429: come back after `retry_after` seconds."""

    retry_after: float = 1.0


class EvictionRefused(ApiError):
    """An eviction that a PodDisruptionBudget does not allow now (429), or that none can allow,
    since there are two for one pod (500)."""


class Unavailable(ApiError):
    """5xx, a time-out or a broken connection. Of a write: the outcome is unknown."""


def error_of(
    status: int, body: bytes, headers: Mapping[str, str], verb: str, key: Kind | ObjectKey
) -> ApiError:
    """The error that an answer with a status of 400 or more stands for."""
    answer = _parse_status(body)
    reason = str(answer.get("reason") or "")
    message = str(answer.get("message") or "no details")
    details = answer.get("details") or {}
    causes = details.get("causes") or []
    kind = _classify(status, reason, message, {str(cause.get("reason")) for cause in causes})
    if status == 422 and answer and _means_another(details, causes):
        kind = Conflict
    error = kind(status, reason, _publishable(status, message, causes, key), verb, key)
    if isinstance(error, TooManyRequests):
        error.retry_after = _retry_after(headers, answer)
    if isinstance(error, NotFound) and isinstance(key, ObjectKey):
        error.names_object = reason == "NotFound" and details.get("name") == key.name
    return error


def _means_another(details: Mapping[str, Any], causes: list[dict[str, Any]]) -> bool:
    """Whether an "invalid" object is just another one than the caller means: how a JSON patch is
    refused whose `test` found another value, and an apply that names another uid (1.37)."""
    return not details or {cause.get("field") for cause in causes} == {"metadata.uid"}


def _parse_status(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) and answer.get("kind") == "Status" else {}


def _classify(status: int, reason: str, message: str, causes: set[str]) -> type[ApiError]:
    if status == 403:
        return _classify_forbidden(message, causes)
    if status == 409:
        return AlreadyExists if reason == "AlreadyExists" else Conflict
    if status == 429:
        return EvictionRefused if "DisruptionBudget" in causes else TooManyRequests
    # A patch that does not fit the schema is answered with 500 and no reason (1.37), and a
    # retry would get the same.
    if status == 500 and message.startswith("failed to create typed patch object"):
        return Invalid
    # Nor would this: "… which the eviction subresource does not support" (1.37).
    if status == 500 and "more than one PodDisruptionBudget" in message:
        return EvictionRefused
    if status >= 500 or status == 408:
        return Unavailable
    by_status = {400: Invalid, 404: NotFound, 410: Expired, 422: Invalid}
    return by_status.get(status, ApiError)


def _classify_forbidden(message: str, causes: set[str]) -> type[ApiError]:
    if "NamespaceTerminating" in causes:
        return NamespaceTerminating
    return QuotaExceeded if "exceeded quota" in message else Forbidden


def _publishable(
    status: int, message: str, causes: list[dict[str, Any]], key: Kind | ObjectKey
) -> str:
    kind = key.kind if isinstance(key, ObjectKey) else key
    if kind != SECRET or (status in _HARMLESS_FOR_SECRETS and "webhook" not in message):
        return message
    fields = sorted({str(cause["field"]) for cause in causes if cause.get("field")})
    return f"refused fields: {', '.join(fields)}" if fields else "details withheld"


def _retry_after(headers: Mapping[str, str], answer: Mapping[str, Any]) -> float:
    stated = headers.get("Retry-After") or (answer.get("details") or {}).get("retryAfterSeconds")
    try:
        return max(0.0, float(stated or 1))
    except ValueError:  # an HTTP date: no Kubernetes server sends one
        return 1.0
