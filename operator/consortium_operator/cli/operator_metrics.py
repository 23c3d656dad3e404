"""The operator's /metrics, by way of the API server: from wherever kubectl works, with the right to
get `services/proxy` in the operator's namespace."""

import asyncio
import re

from consortium_operator.cli.seeing import OPERATOR, Hidden, every
from consortium_operator.kube.errors import ApiError, Forbidden
from consortium_operator.kube.kinds import SERVICE, JsonObject
from consortium_operator.kube.person import PersonClient

_PORT = "metrics"
_ATTEMPTS = 8
_PATIENCE = 5.0
"""Seconds. A network policy that keeps the API server out does so in silence."""
_WAITS = re.compile(r"^consortium_operator_active 0(\.0)?$", re.MULTILINE)


async def read_metrics(client: PersonClient, namespace: str) -> str | Hidden:
    """In Prometheus' text format."""
    services = await every(client, SERVICE, namespace, OPERATOR)
    if isinstance(services, Hidden):
        return services
    names = [one["metadata"]["name"] for one in services if _has_port(one)]
    if not names:
        return Hidden(f"no operator with metrics is in the namespace {namespace}")
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _of_the_one_that_works(client, namespace, names[0])
    except TimeoutError:
        return Hidden(f"the operator's metrics did not answer within {_PATIENCE:g} s")
    except Forbidden:
        return Hidden(f"you may not get services/proxy in {namespace}")
    except ApiError as error:
        return Hidden(f"the operator's metrics do not answer: {error.message}")


async def _of_the_one_that_works(
    client: PersonClient, namespace: str, service: str
) -> str | Hidden:
    """Of two operators one waits for the Lease and knows no chain, and the API server asks either
    of them, by chance."""
    for _ in range(_ATTEMPTS):
        text = await client.through(namespace, service, _PORT, "metrics")
        if not _WAITS.search(text):
            return text
    return Hidden("the operator that answers waits for the Lease of another")


def _has_port(service: JsonObject) -> bool:
    return any(port.get("name") == _PORT for port in service["spec"].get("ports") or ())
