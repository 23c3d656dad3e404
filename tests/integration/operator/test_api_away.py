"""An API server that does not answer: the operator waits, and goes on. Its probes and numbers."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consortium_operator.kube.kinds import SERVICE
from consortium_sandbox import Sandbox
from tests.integration.operator.conftest import Account, NewChain
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until

# Longer than the operator waits for a connection (10 s), shorter than for an answer (30 s).
AWAY_SECONDS = 12.0


@contextmanager
def frozen(control_plane: Sandbox) -> Iterator[None]:
    """Its connections stay open and nobody answers, for at least AWAY_SECONDS."""
    (pid,) = (
        component.pid
        for component in control_plane.status().components
        if component.name == "kube-apiserver" and component.pid is not None
    )
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        yield
        time.sleep(max(0.0, began + AWAY_SECONDS - time.monotonic()))
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def second(account: Account, tmp_path: Path) -> Iterator[OperatorProcess]:
    process = OperatorProcess(account.kubeconfig, tmp_path)
    yield process
    if process.is_running():
        process.stop()


@pytest.mark.campaign
def test_an_operator_survives_an_api_server_that_is_away(
    control_plane: Sandbox,
    new_chain: NewChain,
    operator: OperatorProcess,
    second: OperatorProcess,
) -> None:
    chain = new_chain()
    chain.found()
    before = chain.versions()
    with frozen(control_plane):
        second.start(wait=False)
        wait_until(lambda: second.answer("/healthz")[0] == 200, "it serves probes", second.log)
        assert second.answer("/readyz") == (500, "the chains' objects have not been listed yet\n")
        assert operator.answer("/readyz")[0] == 200
    assert operator.answer("/healthz")[0] == 200, operator.answer("/healthz")
    assert operator.is_running()
    second.wait_ready()
    assert second.stop() == 0
    chain.api.delete(SERVICE, chain.namespace, "trade-webank-n-0")
    wait_until(lambda: set(chain.versions()) == set(before), "it is repaired", chain.report)


def test_the_operator_counts_its_work(operator: OperatorProcess, new_chain: NewChain) -> None:
    before = operator.work()
    new_chain().found()
    after = operator.work()
    assert after.rounds > before.rounds
    assert after.calls >= before.calls + 20
    text = operator.answer("/metrics")[1]
    for name in ("consortium_queue_depth", "consortium_chains", "consortium_reconcile_errors"):
        assert f"# TYPE {name}" in text


def test_it_ends_at_once_when_it_is_told_to(operator: OperatorProcess) -> None:
    began = time.monotonic()
    assert operator.stop() == 0
    assert time.monotonic() - began < 10
    operator.start()
    assert operator.answer("/readyz") == (200, "ok\n")
