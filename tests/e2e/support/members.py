"""All members of a chain at once: each asks its own node."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.e2e.support.chain import Chain, label_of
from tests.e2e.support.sdk import Sdk, sdk_identity


@contextmanager
def member_clients(chain: Chain) -> Iterator[dict[str, Sdk]]:
    """By member, for a chain whose members have one node each."""
    with ExitStack() as stack:
        clients = {}
        for pod in chain.pods():
            member = str(label_of(pod, "member"))
            sdk = Sdk(chain, pod["metadata"]["name"], sdk_identity(chain, member))
            clients[member] = stack.enter_context(sdk)
        yield clients
