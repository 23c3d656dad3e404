"""Whether a resource still exists, asked before anything is made in its name.

Its own watch may lag, and after a list that took the place of a broken watch it never tells of an
end that it missed. What is made for a resource that is gone has an owner that never was: Kubernetes
collects it at once, the operator sees it gone and makes it again, for ever.
"""

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, ObjectKey
from consortium_operator.reconcile.world import Round


class ResourceGone(Exception):
    """The resource of this round was deleted, is going, or is another one of the same name."""


async def require_resource(run: Round) -> None:
    """Asks the API server, once a round. Raises ResourceGone."""
    if run.presence.is_confirmed:
        return
    key = ObjectKey(CONSORTIUM_CHAIN, run.key.namespace, run.key.name)
    found = ((await run.world.client.get(key)) or {}).get("metadata") or {}
    if found.get("uid") != run.plan.uid or "deletionTimestamp" in found:
        raise ResourceGone
    run.presence.is_confirmed = True
