"""The tests of the safeguards can fail: each does so once its safeguard is cut out of the operator
that it runs against."""

import os
import subprocess
import sys

import pytest

from tests.integration.operator.support.process import WITHOUT
from tests.integration.operator.support.sabotage import SAFEGUARDS
from tests.resources import REPOSITORY

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(300)]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("name", SAFEGUARDS)
def test_without_the_safeguard_its_test_fails(name: str) -> None:
    """In a run of its own, on the same control plane."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--no-header", SAFEGUARDS[name].test],
        cwd=REPOSITORY,
        env=os.environ | {WITHOUT: name, "CONSORTIUM_KEEP_SANDBOX": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout[-4000:]
    # Not an error: fixtures worked, and what the test says of the operator is what is not true.
    assert f"FAILED {SAFEGUARDS[name].test}" in done.stdout, done.stdout[-4000:]
