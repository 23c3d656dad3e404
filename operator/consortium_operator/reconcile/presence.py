"""Whether a resource still exists, asked before anything is made in its name.

Its own watch may lag, and after a list that took the place of a broken watch it never tells of an
end that it missed. What is made for a resource that is gone has an owner that never was: Kubernetes
collects it at once, the operator sees it gone and makes it again, for ever.
"""

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, ObjectKey
from consortium_operator.reconcile.world import Round


class ResourceGone(Exception):
    """The resource of this round was deleted, is going, or is another one of the same name."""


def check_resource(run: Round) -> None:
    """By what has been heard meanwhile, which costs nothing: a round takes its time. Raises
    ResourceGone."""
    if not run.presence.is_known():
        raise ResourceGone


async def require_resource(run: Round, *, again: bool = False) -> None:
    """Asks the API server, once a round or `again`. Raises ResourceGone."""
    if run.presence.is_confirmed and not again:
        return
    key = ObjectKey(CONSORTIUM_CHAIN, run.key.namespace, run.key.name)
    found = ((await run.world.client.get(key)) or {}).get("metadata") or {}
    if found.get("uid") != run.plan.uid or "deletionTimestamp" in found:
        raise ResourceGone
    run.presence.is_confirmed = True
