"""A low limit is raised, a high one is left alone, a locked one is no error."""

from pathlib import Path

import pytest

from consortium_sandbox.embedded.limits import raise_inotify_limit


@pytest.mark.parametrize(("before", "after"), [("128\n", "1024"), ("8192\n", "8192\n")])
def test_the_limit_is_raised_and_never_lowered(tmp_path: Path, before: str, after: str) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text(before)
    raise_inotify_limit(limit)
    assert limit.read_text() == after


def test_a_limit_that_cannot_be_changed_is_no_error(tmp_path: Path) -> None:
    raise_inotify_limit(tmp_path / "absent")
