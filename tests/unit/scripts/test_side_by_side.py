"""Two targets at once: what each says is told in one piece, and neither's failure is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.resources import REPOSITORY

MAKEFILE = """
slow:
\t@sleep 0.3; echo slow
quick:
\t@echo quick
bad:
\t@echo bad; exit 1
"""


@pytest.mark.parametrize(
    ("targets", "said", "is_good"),
    [
        (("slow", "quick"), ["slow", "quick"], True),
        (("quick", "bad"), ["quick", "bad"], False),
        (("bad", "slow"), ["bad", "slow"], False),
    ],
)
def test_the_first_is_told_first_and_both_must_be_good(
    tmp_path: Path, targets: tuple[str, str], said: list[str], is_good: bool
) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE)
    command = [sys.executable, str(REPOSITORY / "scripts/side_by_side.py"), *targets]
    done = subprocess.run(
        command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=False, timeout=60
    )
    assert [line for line in done.stdout.splitlines() if not line.startswith("make:")] == said
    assert (done.returncode == 0) is is_good
