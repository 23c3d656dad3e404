"""The operator's /metrics, by way of the API server: from wherever kubectl works, with the right to
get `services/proxy` in the operator's namespace."""

from consortium_operator.cli.seeing import Hidden, every
from consortium_operator.kube.errors import ApiError, Forbidden
from consortium_operator.kube.kinds import SERVICE, JsonObject
from consortium_operator.kube.person import PersonClient

_SELECTOR = "app.kubernetes.io/name=consortium-operator"
_PORT = "metrics"


async def read_metrics(client: PersonClient, namespace: str) -> str | Hidden:
    """In Prometheus' text format."""
    services = await every(client, SERVICE, namespace, _SELECTOR)
    if isinstance(services, Hidden):
        return services
    names = [one["metadata"]["name"] for one in services if _has_port(one)]
    if not names:
        return Hidden(f"no operator with metrics is in the namespace {namespace}")
    try:
        return await client.through(namespace, names[0], _PORT, "metrics")
    except Forbidden:
        return Hidden(f"you may not get services/proxy in {namespace}")
    except ApiError as error:
        return Hidden(f"the operator's metrics do not answer: {error.message}")


def _has_port(service: JsonObject) -> bool:
    return any(port.get("name") == _PORT for port in service["spec"].get("ports") or ())
