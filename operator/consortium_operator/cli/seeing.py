"""Reads by a caller who may not see everything: what must not be seen, or is not served, is told as
such instead of ending the command."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from consortium_operator.chain.installation import read_catalogue
from consortium_operator.kube.errors import Forbidden, NotFound
from consortium_operator.kube.kinds import CONFIG_MAP, DEPLOYMENT, JsonObject, Kind, ObjectKey
from consortium_operator.kube.person import PersonClient

Found = TypeVar("Found")

OPERATOR = "app.kubernetes.io/name=consortium-operator"
"""As the chart calls it, whatever the release is called."""
_CATALOGUE_VOLUME, _CATALOGUE_FILE = "image-catalogue", "image-catalogue.yaml"


@dataclass(frozen=True, slots=True)
class Hidden:
    """What could not be read. `why`: a sentence, mostly of a right that the caller lacks."""

    why: str


Objects: TypeAlias = tuple[JsonObject, ...] | Hidden


async def one(client: PersonClient, key: ObjectKey) -> JsonObject | Hidden | None:
    return await seen(client.get(key), f"you may not get {key}")


async def every(
    client: PersonClient, kind: Kind, namespace: str | None = None, selector: str = ""
) -> Objects:
    """All of a kind, in `namespace` or (None) everywhere."""

    async def listed() -> tuple[JsonObject, ...]:
        pages = client.list_pages(kind, namespace, selector)
        return tuple([obj async for page, _ in pages for obj in page])

    where = f" in {namespace}" if namespace else ""
    return await seen(listed(), f"you may not list {kind.plural}{where}")


async def seen(answer: Awaitable[Found], refusal: str) -> Found | Hidden:
    """`refusal`: what is told of a Forbidden."""
    try:
        return await answer
    except Forbidden:
        return Hidden(refusal)
    except NotFound as error:
        return Hidden(f"this API server does not serve it: {error.message}")


async def operators(client: PersonClient, namespace: str) -> Objects:
    """The Deployments of the operators that are installed there."""
    return await every(client, DEPLOYMENT, namespace, OPERATOR)


async def catalogue(
    client: PersonClient, namespace: str, deployments: Objects
) -> Mapping[str, str] | Hidden:
    """Version → image, as the operator has it by its Deployment."""
    if isinstance(deployments, Hidden):
        return deployments
    names = [
        volume["configMap"]["name"]
        for deployment in deployments
        for volume in deployment["spec"]["template"]["spec"].get("volumes") or ()
        if volume["name"] == _CATALOGUE_VOLUME
    ]
    if not names:
        return Hidden(f"no operator with a catalogue of images is in the namespace {namespace}")
    found = await one(client, ObjectKey(CONFIG_MAP, namespace, names[0]))
    if isinstance(found, Hidden):
        return found
    try:
        return read_catalogue(((found or {}).get("data") or {}).get(_CATALOGUE_FILE, ""))
    except ValueError as error:
        return Hidden(f"ConfigMap {namespace}/{names[0]}: {error}")
