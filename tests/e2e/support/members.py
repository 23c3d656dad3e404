"""All members of a chain at once: each asks its own node."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.e2e.support.chain import Chain, label_of
from tests.e2e.support.sdk import LastingSdk, Sdk, sdk_identity


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


@contextmanager
def lasting_clients(chain: Chain) -> Iterator[list[LastingSdk]]:
    """One for each pod, that holds its connection for as long as it can."""
    with ExitStack() as stack:
        clients = [
            LastingSdk(chain, pod["metadata"]["name"], str(label_of(pod, "member")))
            for pod in chain.pods()
        ]
        for client in clients:
            stack.enter_context(client)
        yield clients
