"""What ConfigMaps hold is kept in memory only of chains that exist. Those that were there first, as
after a restore or before the resource was written anew, are read when their chain is heard of."""

from contextlib import aclosing

from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.kube.client import CONFIG_MAP_PAGE
from consortium_operator.kube.kinds import CONFIG_MAP
from consortium_operator.reconcile.world import Round


async def read_contents(run: Round) -> None:
    """Before anything is judged by them: what was not read would look as if it were not there."""
    store, namespace, chain = run.world.store, run.key.namespace, run.key.name
    if not store.lacks_content(namespace, chain):
        return
    selector = f"{CHAIN_LABEL}={chain}"
    pages = run.world.client.list_pages(CONFIG_MAP, namespace, selector, CONFIG_MAP_PAGE)
    async with aclosing(pages):
        async for objects, _ in pages:
            for found in objects:
                store.record(found)
