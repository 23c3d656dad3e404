"""What ConfigMaps hold is kept in memory only where there are chains. Those that were there first,
as after a restore or before the resource was written anew, are read when a chain is heard of."""

from contextlib import aclosing

from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.kube.client import CONFIG_MAP_PAGE
from consortium_operator.kube.kinds import CONFIG_MAP
from consortium_operator.reconcile.world import Round


async def read_contents(run: Round) -> None:
    """Before anything is judged by them: what was not read would look as if it were not there."""
    store, namespace = run.world.store, run.key.namespace
    if not store.lacks_content(namespace):
        return
    pages = run.world.client.list_pages(CONFIG_MAP, namespace, CHAIN_LABEL, CONFIG_MAP_PAGE)
    async with aclosing(pages):
        async for objects, _ in pages:
            for found in objects:
                store.record(found)
