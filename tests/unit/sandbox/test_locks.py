"""One at a time, with no lock file left behind."""

import threading
import time
from pathlib import Path

from consortium_sandbox.locks import locked
from consortium_sandbox.progress import Silent


def test_two_never_work_in_a_directory_at_once(tmp_path: Path) -> None:
    inside: list[int] = []
    seen: list[int] = []

    def work() -> None:
        with locked(tmp_path / "sandbox", Silent()):
            inside.append(1)
            seen.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 5


def test_who_waited_while_the_directory_was_removed_locks_a_fresh_one(tmp_path: Path) -> None:
    directory = tmp_path / "sandbox"
    existed: list[bool] = []

    def wait() -> None:
        with locked(directory, Silent()):
            existed.append(directory.is_dir())

    with locked(directory, Silent()):
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.05)
        directory.rmdir()
    thread.join(timeout=5)
    assert existed == [True]


def test_nothing_but_the_directory_is_made(tmp_path: Path) -> None:
    with locked(tmp_path / "sandbox", Silent()):
        pass
    assert list(tmp_path.rglob("*")) == [tmp_path / "sandbox"]
