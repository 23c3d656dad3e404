"""Status patches and Events on a real ConsortiumChain."""

import copy
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from consortium_operator.api.moment import rfc3339
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import Conflict, Invalid, NotFound
from consortium_operator.kube.events import Happening, event_about
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, EVENT, JsonObject, ObjectKey, key_of
from consortium_sandbox import Sandbox
from tests.integration.kube.conftest import Somebody
from tests.kubectl import install_crd
from tests.resources import QUICKSTART_FILE

pytestmark = pytest.mark.integration


def condition(kind: str, status: str) -> JsonObject:
    return {
        "type": kind,
        "status": status,
        "reason": "AsExpected",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


@pytest.fixture
async def chain(
    client: KubeClient, namespace: str, control_plane: Sandbox
) -> AsyncIterator[JsonObject]:
    install_crd(control_plane.kubeconfig)
    resource = next(
        one
        for one in yaml.safe_load_all(QUICKSTART_FILE.read_text("utf-8"))
        if one["kind"] == CONSORTIUM_CHAIN.kind
    )
    resource["metadata"]["namespace"] = namespace
    made = await client.create(resource)
    yield made
    # Else every later operator on this server would look after it.
    await client.delete(key_of(made), made["metadata"]["uid"])


async def patched(client: KubeClient, chain: JsonObject, status: Any, **more: Any) -> JsonObject:
    return await client.patch_status(
        key_of(chain), status, uid=more.pop("uid", chain["metadata"]["uid"]), **more
    )


async def test_a_status_becomes_exactly_what_was_written(
    client: KubeClient, chain: JsonObject, somebody: Somebody
) -> None:
    first = {"memberCount": 4, "conditions": [condition("Ready", "False"), condition("X", "True")]}
    assert (await patched(client, chain, first))["status"] == first
    # Another manager's leftovers go, too.
    somebody.kubectl(
        *("patch", "cchain", chain["metadata"]["name"], "--subresource=status", "--type=merge"),
        f"--patch={json.dumps({'status': {'sealers': '9/9'}})}",
    )
    second = {"conditions": [condition("Ready", "True")]}
    assert (await patched(client, chain, second))["status"] == second


async def test_a_status_patch_touches_neither_spec_nor_generation(
    client: KubeClient, chain: JsonObject
) -> None:
    after = await patched(client, chain, {"memberCount": 4})
    assert after["spec"] == chain["spec"]
    assert after["metadata"]["generation"] == chain["metadata"]["generation"]


async def test_the_same_status_again_keeps_the_version(
    client: KubeClient, chain: JsonObject
) -> None:
    status = {"memberCount": 4, "conditions": [condition("Ready", "True")]}
    first = await patched(client, chain, status)
    again = await patched(client, chain, copy.deepcopy(status))
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_the_status_of_a_recreated_resource_is_not_overwritten(
    client: KubeClient, chain: JsonObject
) -> None:
    with pytest.raises(Conflict):
        await patched(client, chain, {"memberCount": 4}, uid="00000000-0000-0000-0000-000000000000")


async def test_a_status_can_be_bound_to_the_version_that_was_read(
    client: KubeClient, chain: JsonObject, somebody: Somebody
) -> None:
    somebody.kubectl("annotate", "cchain", chain["metadata"]["name"], "seen=yes")
    version = chain["metadata"]["resourceVersion"]
    with pytest.raises(Conflict):
        await patched(client, chain, {"memberCount": 4}, resource_version=version)
    await patched(client, chain, {"memberCount": 4})


async def test_a_status_against_the_schema_is_invalid(
    client: KubeClient, chain: JsonObject
) -> None:
    with pytest.raises(Invalid, match="memberCount"):
        await patched(client, chain, {"memberCount": "four"})


async def test_an_event_shows_where_a_person_looks(
    client: KubeClient, chain: JsonObject, somebody: Somebody
) -> None:
    sealed = Happening("GenesisSealed", "4 founders", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    key = await client.create_event(event_about(chain, sealed, "operator-0"))
    name = chain["metadata"]["name"]
    shown = somebody.kubectl("events", f"--for=consortiumchains.consortium.dev/{name}")
    assert "GenesisSealed" in shown
    assert "4 founders" in shown
    assert "GenesisSealed" in somebody.kubectl("describe", "cchain", name)
    await client.repeat_event(key, 3, rfc3339(sealed.at + timedelta(minutes=1)))
    event = await client.get(key)
    assert event is not None
    assert (event["count"], event["lastTimestamp"]) == (3, "2026-01-02T03:05:05Z")


async def test_an_event_that_is_forgotten_cannot_be_repeated(
    client: KubeClient, namespace: str
) -> None:
    with pytest.raises(NotFound):
        await client.repeat_event(ObjectKey(EVENT, namespace, "gone"), 2, "2026-01-02T03:05:05Z")
