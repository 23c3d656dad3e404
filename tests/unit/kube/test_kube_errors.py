"""What an answer of the API server means to its caller."""

import json
from typing import Any

import pytest

from consortium_operator.kube import errors
from consortium_operator.kube.errors import ApiError, TooManyRequests, error_of
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, ObjectKey
from tests.unit.kube.fake_api import failure

KEY = ObjectKey(CONFIG_MAP, "chains", "settings")
QUOTA = 'secrets "x" is forbidden: exceeded quota: small, requested: secrets=1, limited: secrets=9'
TERMINATING = [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]
TWO_BUDGETS = "This pod has more than one PodDisruptionBudget, which is not supported."
TYPED = "failed to create typed patch object (/x; /v1, Kind=ConfigMap): .dta: field not declared"


def error(
    body: dict[str, Any] | str, status: int, key: ObjectKey = KEY, **headers: str
) -> ApiError:
    text = body if isinstance(body, str) else json.dumps(body)
    return error_of(status, text.encode(), headers, "create", key)


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (400, failure(400, "BadRequest"), "Invalid"),
        (401, failure(401, "Unauthorized"), "ApiError"),
        (403, failure(403, "Forbidden", "may not"), "Forbidden"),
        (403, failure(403, "Forbidden", QUOTA), "QuotaExceeded"),
        (403, failure(403, "Forbidden", "…", causes=TERMINATING), "NamespaceTerminating"),
        (404, failure(404, "NotFound"), "NotFound"),
        (408, "", "Unavailable"),
        (409, failure(409, "AlreadyExists", name="x"), "AlreadyExists"),
        (409, failure(409, "Conflict"), "Conflict"),
        (410, failure(410, "Expired"), "Expired"),
        (410, failure(410, "Gone"), "Expired"),
        (422, failure(422, "Invalid", name="x"), "Invalid"),
        (422, failure(422, "Invalid"), "Conflict"),
        (422, failure(422, "Invalid", causes=[{"field": "metadata.uid"}]), "Conflict"),
        (422, failure(422, "Invalid", causes=[{"field": "spec.x"}]), "Invalid"),
        (429, failure(429, "TooManyRequests"), "TooManyRequests"),
        (429, failure(429, causes=[{"reason": "DisruptionBudget"}]), "EvictionRefused"),
        (500, failure(500, "InternalError"), "Unavailable"),
        (500, failure(500, "", TYPED), "Invalid"),
        (500, failure(500, "", TWO_BUDGETS), "EvictionRefused"),
        (502, "<html>", "Unavailable"),
        (504, failure(504, "Timeout"), "Unavailable"),
    ],
)
def test_each_answer_has_one_meaning(status: int, body: dict[str, Any] | str, meaning: str) -> None:
    assert type(error(body, status)) is getattr(errors, meaning)


def test_an_error_names_the_call_the_object_and_the_answer() -> None:
    text = str(error(failure(403, "Forbidden", "may not"), 403))
    assert text == "create ConfigMap chains/settings: 403 Forbidden: may not"


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({"Retry-After": "7"}, {"retryAfterSeconds": 3}, 7),
        ({}, {"retryAfterSeconds": 3}, 3),
        ({}, {}, 1),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}, 1),
        ({"Retry-After": "-5"}, {}, 0),
    ],
)
def test_the_wait_is_the_one_the_server_names(
    headers: dict[str, str], details: dict[str, int], seconds: float
) -> None:
    body = failure(429) | {"details": details}
    busy = error(body, 429, KEY, **headers)
    assert isinstance(busy, TooManyRequests)
    assert busy.retry_after == seconds


def test_of_a_refused_secret_only_the_fields_are_told() -> None:
    causes = [{"field": "data[node.pem]", "message": "Invalid value: canary"}]
    refused = error(
        failure(422, "Invalid", "data: Invalid value: canary", name="key", causes=causes),
        422,
        ObjectKey(SECRET, "chains", "key"),
    )
    assert refused.message == "refused fields: data[node.pem]"


def test_a_refusal_for_lack_of_rights_is_told_in_full_for_a_secret_too() -> None:
    denied = 'secrets "key" is forbidden: User "x" cannot get resource "secrets"'
    refused = error(failure(403, "Forbidden", denied), 403, ObjectKey(SECRET, "chains", "key"))
    assert refused.message == denied
