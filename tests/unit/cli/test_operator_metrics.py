"""The operator's metrics by way of the API server: who may, who answers, and for how long."""

import asyncio
from typing import Any

import pytest

from consortium_operator.cli import operator_metrics
from consortium_operator.cli.operator_metrics import read_metrics
from consortium_operator.cli.seeing import Hidden
from consortium_operator.kube.errors import ApiError, Forbidden, Unavailable
from consortium_operator.kube.kinds import SERVICE, ObjectKey
from tests.unit.cli.person import PersonCluster

KEY = ObjectKey(SERVICE, "system", "metrics:metrics")


def service(port: str = "metrics") -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": "consortium-operator"}
    metadata = {"name": "metrics", "namespace": "system", "labels": labels}
    return {"metadata": metadata, "spec": {"ports": [{"name": port}]}}


@pytest.fixture
def there() -> PersonCluster:
    found = PersonCluster()
    found.others[SERVICE] = [service()]
    found.answers = "consortium_operator_active 1.0\n"
    return found


async def test_the_one_that_works_is_read(there: PersonCluster) -> None:
    assert await read_metrics(there, "system") == "consortium_operator_active 1.0\n"


async def test_the_one_that_waits_is_asked_until_the_other_answers(
    there: PersonCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, works = "consortium_operator_active 0.0\n", "consortium_operator_active 1.0\n"
    answers = iter([waits, waits, works])

    async def by_chance(*_: object) -> str:
        return next(answers)

    monkeypatch.setattr(there, "through", by_chance)
    assert await read_metrics(there, "system") == works


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Forbidden(403, "Forbidden", "no", "proxy", KEY), "you may not get services/proxy"),
        (Unavailable(503, "NoAnswer", "no endpoints", "proxy", KEY), "no endpoints"),
    ],
)
async def test_why_nobody_answers_is_told(there: PersonCluster, error: ApiError, why: str) -> None:
    there.answers = error
    found = await read_metrics(there, "system")
    assert isinstance(found, Hidden)
    assert why in found.why


async def test_silence_is_not_waited_for(
    there: PersonCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object) -> str:
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(there, "through", silent)
    monkeypatch.setattr(operator_metrics, "_PATIENCE", 0.01)
    found = await read_metrics(there, "system")
    assert found == Hidden("the operator's metrics did not answer within 0.01 s")


async def test_a_namespace_without_an_operator_is_told(there: PersonCluster) -> None:
    there.others[SERVICE] = [service("other")]
    found = await read_metrics(there, "system")
    assert found == Hidden("no operator with metrics is in the namespace system")
