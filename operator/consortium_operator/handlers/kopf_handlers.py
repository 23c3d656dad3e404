"""All that kopf does for us: it watches ConsortiumChain and tells of every event.

`on.event` only: it writes nothing on the resource, no finalizer and no annotation. Timers, daemons
and handlers of changes would each leave one (kopf adds a finalizer for them, and a copy of the
spec in an annotation), and deletion would then hang once the operator is gone.

kopf gives up where its watch is refused: when the CRD is deleted, or after a minute of errors. It
then cancels every task of its event loop that it finds, and so it has a loop, and a thread, of its
own: the operator goes on, and starts it again. Of several namespaces each has its own kopf, so that
one that is deleted, or was never bound, takes no other along.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

import kopf

from consortium_operator.api.chain import GROUP, PLURAL, VERSION

# The default one also knows how to log in.
registry = kopf.get_default_registry()

Tell = Callable[[str | None, Mapping[str, Any]], None]
"""Told of an event as the watch has it: its type (None: listed) and the whole resource."""


async def follow_chains(tell: Tell, namespace: str | None) -> None:
    """Tells of every ConsortiumChain in a namespace, or (None) in the cluster, until kopf gives up:
    then raises why."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    stop = threading.Event()

    def settle(error: BaseException | None) -> None:
        if not ended.done():
            ended.set_exception(error or RuntimeError("kopf has stopped by itself"))

    def tell_there(kind: str | None, body: Mapping[str, Any]) -> None:
        loop.call_soon_threadsafe(tell, kind, body)

    def work() -> None:
        error = None
        try:
            asyncio.run(_operate(tell_there, namespace, stop))
        except Exception as failure:
            error = failure
        with contextlib.suppress(RuntimeError):  # the operator has ended meanwhile
            loop.call_soon_threadsafe(settle, error)

    # A daemon: what kopf still does has no effect that the end of the process could spoil.
    threading.Thread(target=work, name="kopf", daemon=True).start()
    try:
        await ended
    finally:
        stop.set()


async def _operate(tell: Tell, namespace: str | None, stop: threading.Event) -> None:
    try:
        # One operator in the cluster: Recreate, or a Lease. kopf's peering is no lock.
        await kopf.operator(
            standalone=True,
            clusterwide=namespace is None,
            namespaces=[] if namespace is None else [namespace],
            memo=kopf.Memo(tell=tell),
            registry=registry,
            settings=settings(),
            stop_flag=stop,
            # Else kopf asks for the user's name, and the pod's user has none.
            identity=socket.gethostname(),  # type: ignore[arg-type]  # a NewType that kopf hides
        )
    finally:
        # One of its threads waits for this, and the loop does not end before it.
        stop.set()


def settings() -> kopf.OperatorSettings:
    found = kopf.OperatorSettings()
    found.posting.enabled = False
    # Looking for new kinds and namespaces would need rights that nothing else needs.
    found.scanning.disabled = True
    found.networking.request_timeout = 30
    found.networking.connect_timeout = 10
    found.networking.enforce_retry_after = True
    found.watching.server_timeout = 300
    found.watching.client_timeout = 310
    # Else it kills the whole process so long after it has given up.
    found.process.ultimate_exiting_timeout = None
    return found


@kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
async def chain_event(event: kopf.RawEvent, memo: Any, **_: Any) -> None:
    memo.tell(event["type"], event["object"])
