"""What a caller is told before anything is made."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from consortium_sandbox import Sandbox, SandboxError, SandboxUnsupportedError, debian
from consortium_sandbox.debian import Package
from consortium_sandbox.progress import Silent


@pytest.mark.parametrize("name", ["a", "demo", "test-int", "abcdefghijkl", "a1-"])
def test_a_short_plain_name_is_accepted(name: str) -> None:
    assert Sandbox(name).name == name


@pytest.mark.parametrize("name", ["", "1a", "Demo", "a_b", "a.b", "abcdefghijklm", "a/../b", "a\n"])
def test_a_name_that_is_no_interface_name_is_refused(name: str) -> None:
    with pytest.raises(SandboxError, match="is not allowed: a letter, then at most 11"):
        Sandbox(name)


def test_a_machine_that_is_not_linux_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(SandboxUnsupportedError, match=r"needs Linux.*this is Darwin"):
        Sandbox("demo", "embedded").up()


def test_a_user_who_is_not_root_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SandboxUnsupportedError, match="takes root"):
        Sandbox("demo", "embedded").down()


def test_all_missing_programs_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    packages = (
        Package("one-package", "no-such-one"),
        Package("sh", "sh"),
        Package("two", "no-two"),
    )
    with pytest.raises(SandboxError) as caught:
        debian.ensure_packages(packages, Silent())
    assert "no-such-one (Debian: one-package), no-two (Debian: two)" in str(caught.value)


def test_programs_that_are_there_need_no_package() -> None:
    debian.ensure_packages((Package("dash", "sh"), Package("base", "/bin/sh")), Silent())


def test_the_package_is_imported_without_the_sandbox(tmp_path: Path) -> None:
    """The stand-in node lives in this package, in an image that lacks what the sandbox needs."""
    code = (
        "import sys, consortium_sandbox; "
        "assert not {'rich', 'yaml', 'kubernetes', 'cryptography'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
