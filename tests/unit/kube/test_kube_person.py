"""What only people ask of the API server, and how it is asked."""

import json
from datetime import UTC, datetime

import pytest

from consortium_operator.kube.errors import Forbidden, Invalid
from consortium_operator.kube.kinds import POD, ObjectKey
from consortium_operator.kube.person import Right
from tests.unit.kube.fake_api import FakeApi, answer, refuse

RIGHT = Right("chains", "get", "", "services", "proxy")
NODE = ObjectKey(POD, "chains", "trade-webank-node-0-0")


async def test_the_servers_clock_is_its_date(api: FakeApi) -> None:
    date = "Sat, 01 Aug 2026 12:00:00 GMT"
    api.will(answer({"gitVersion": "v1.37.2"}, Date=date))
    async with api.client() as client:
        server = await client.server()
    assert server.version == "v1.37.2"
    assert server.date == datetime(2026, 8, 1, 12, tzinfo=UTC)


async def test_a_date_that_makes_no_sense_is_none(api: FakeApi) -> None:
    api.will(answer({"gitVersion": "v1.37.2"}, Date="yesterday"))
    async with api.client() as client:
        assert (await client.server()).date is None


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_right_is_asked_for_in_the_servers_words(api: FakeApi, allowed: bool) -> None:
    api.will(answer({"status": {"allowed": allowed}}, 201))
    async with api.client() as client:
        assert await client.may(RIGHT) is allowed
    asked = json.loads(api.bodies[0])["spec"]["resourceAttributes"]
    assert asked == {
        "namespace": "chains",
        "verb": "get",
        "resource": "services",
        "subresource": "proxy",
    }


async def test_a_service_answers_through_the_server(api: FakeApi) -> None:
    api.will(answer("consortium_chains 1\n"))
    async with api.client() as client:
        text = await client.through("system", "metrics", "http", "metrics")
    assert text == "consortium_chains 1\n"
    path = "/api/v1/namespaces/system/services/metrics:http/proxy/metrics"
    assert api.requests[0].path == path


async def test_without_the_right_a_service_says_nothing(api: FakeApi) -> None:
    api.will(refuse(403, "Forbidden"))
    async with api.client() as client:
        with pytest.raises(Forbidden):
            await client.through("system", "metrics", "http", "metrics")


async def test_the_end_of_a_log_is_bounded(api: FakeApi) -> None:
    api.will(answer("last\n"))
    async with api.client() as client:
        assert await client.log_tail(NODE, "node", lines=5, size=100, previous=True) == "last\n"
    assert api.queries[0] == {
        "container": "node",
        "tailLines": "5",
        "limitBytes": "100",
        "timestamps": "true",
        "previous": "true",
    }


async def test_a_log_that_is_not_there_is_told(api: FakeApi) -> None:
    api.will(refuse(400, "BadRequest", "previous terminated container not found"))
    async with api.client() as client:
        with pytest.raises(Invalid, match="previous terminated"):
            await client.log_tail(NODE, "node", lines=5, size=100, previous=True)
