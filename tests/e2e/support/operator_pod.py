"""The operator's own pod, which may die at any moment without anybody noticing but its log."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.e2e.support.chain import OPERATOR, OPERATOR_NAMESPACE
from tests.kubectl import Kubectl

# What is done to a chain takes longer, and most of it begins at once.
_FIRST_SECONDS = 12.0


def kill_operator(kubectl: Kubectl) -> None:
    """As a crash would: no time to finish anything."""
    kubectl(
        *("delete", "pod", f"--namespace={OPERATOR_NAMESPACE}", "--grace-period=0", "--force"),
        f"--selector=app.kubernetes.io/name={OPERATOR}",
    )


@contextmanager
def operator_killed_meanwhile(kubectl: Kubectl) -> Iterator[None]:
    """Once, at another moment each time. Where something fails, the moment is noted with it."""
    moment, ended = random.uniform(0, _FIRST_SECONDS), threading.Event()

    def kill() -> None:
        if not ended.wait(moment):
            kill_operator(kubectl)

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill)
        try:
            yield
        except BaseException as error:
            error.add_note(f"the operator was killed after {moment:.1f} s")
            raise
        finally:
            ended.set()
        killing.result()
