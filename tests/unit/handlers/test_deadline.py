"""The end that was set before: it comes whatever the process does, and only if nobody moved it."""

import subprocess
import sys

import pytest

from consortium_operator.handlers.deadline import EXIT_CODE


def run(*steps: str) -> subprocess.CompletedProcess[str]:
    """A process that takes these steps with an end that is set to a moment from now."""
    lines = ("import time", "from consortium_operator.handlers.deadline import end_in", *steps)
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("work", ["while True: pass", "time.sleep(50)"], ids=["busy", "waiting"])
def test_it_comes_in_the_middle_of_whatever_is_done(work: str) -> None:
    done = run("end_in(0.05)", work)
    assert done.returncode == EXIT_CODE
    assert "not renewed in time" in done.stderr


@pytest.mark.parametrize("later", ["50", "None"])
def test_it_can_be_moved_and_taken_back(later: str) -> None:
    done = run("end_in(0.2)", f"end_in({later})", "time.sleep(0.3)", "print('through')")
    assert (done.returncode, done.stdout) == (0, "through\n")


def test_it_can_be_now() -> None:
    done = run("end_in(0)", "print('too far')")
    assert (done.returncode, done.stdout) == (EXIT_CODE, "")
