"""The alert rules as promtool judges them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.prometheus import ALERTS
from tests.resources import REPOSITORY

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(300, func_only=True)]

UNIT_TESTS = REPOSITORY / "tests" / "data" / "metrics" / "alerts_test.yaml"


def judged(promtool: Path, *words: str, cwd: Path = REPOSITORY) -> tuple[int, str]:
    """Its exit code, and what it says."""
    done = subprocess.run([promtool, *words], cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_nothing_is_wrong_with_the_rules(promtool: Path) -> None:
    code, said = judged(promtool, "check", "rules", "--lint=all", "--lint-fatal", str(ALERTS))
    assert code == 0, said


def test_every_alert_fires_and_stays_silent_where_it_should(promtool: Path) -> None:
    code, said = judged(promtool, "test", "rules", UNIT_TESTS.name, cwd=UNIT_TESTS.parent)
    assert code == 0, said


def test_a_rule_that_is_wrong_fails_its_test(promtool: Path, tmp_path: Path) -> None:
    here = tmp_path / ALERTS.relative_to(REPOSITORY)
    tests = tmp_path / UNIT_TESTS.relative_to(REPOSITORY)
    here.parent.mkdir(parents=True)
    tests.parent.mkdir(parents=True)
    shutil.copy(UNIT_TESTS, tests)
    rules = ALERTS.read_text("utf-8")
    spoilt = rules.replace("consortium_node_up) == 0", "consortium_node_up) == 1")
    assert spoilt != rules
    here.write_text(spoilt, "utf-8")
    code, said = judged(promtool, "test", "rules", tests.name, cwd=tests.parent)
    assert code != 0
    assert "ConsortiumNodeDown" in said
