"""The tests of the safeguards can fail: each does so once its safeguard is cut out of the operator
that it runs against."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.integration.operator.support.process import WITHOUT
from tests.integration.operator.support.sabotage import SAFEGUARDS
from tests.resources import REPOSITORY

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(300)]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("name", SAFEGUARDS)
def test_without_the_safeguard_its_test_fails(name: str) -> None:
    """In a run of its own, on the same control plane."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", SAFEGUARDS[name].test]
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=os.environ | {WITHOUT: name, "CONSORTIUM_KEEP_SANDBOX": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        try:
            said, _ = run.communicate(timeout=280)
        finally:
            # Its operator with it: that would repair what the next of these tests hurts.
            with suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, said[-4000:]
    # Not an error: fixtures worked, and what the test says of the operator is what is not true.
    assert f"FAILED {SAFEGUARDS[name].test}" in said, said[-4000:]
