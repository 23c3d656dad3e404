"""All that kopf does for us: it watches ConsortiumChain, and starts and stops the operator.

`on.event` only: it writes nothing on the resource, no finalizer and no annotation. Timers, daemons
and handlers of changes would each leave one (kopf adds a finalizer for them, and a copy of the
spec in an annotation), and deletion would then hang once the operator is gone.
"""

from typing import Any

import kopf

from consortium_operator.api.chain import GROUP, PLURAL, VERSION
from consortium_operator.handlers.operator import Operator

STOP_SECONDS = 20.0

# The default one also knows how to log in.
registry = kopf.get_default_registry()


@kopf.on.startup(registry=registry)
async def start(settings: kopf.OperatorSettings, memo: Any, **_: Any) -> None:
    settings.posting.enabled = False
    # Looking for new kinds and namespaces would need rights that nothing else needs.
    settings.scanning.disabled = True
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.networking.enforce_retry_after = True
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 310
    settings.process.ultimate_exiting_timeout = STOP_SECONDS
    operator: Operator = memo.operator
    await operator.start()


@kopf.on.cleanup(registry=registry)
async def stop(memo: Any, **_: Any) -> None:
    operator: Operator = memo.operator
    await operator.stop()


@kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
async def chain_event(event: kopf.RawEvent, memo: Any, **_: Any) -> None:
    operator: Operator = memo.operator
    operator.chain_event(event["type"], event["object"])
