"""The stand-in's table of releases, against the newest one's own answers and by its rules."""

from __future__ import annotations

import pytest

from consortium_sandbox import SandboxError
from consortium_sandbox.images.catalogue import source_checkout
from consortium_sandbox.node import versions
from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.ini import parse
from consortium_sandbox.node.releases import DEFAULT_TAG, TAGS, release
from tests import observed

NEWEST = observed.result("getGroupInfo")["nodeList"][0]


def test_the_newest_release_lists_what_a_real_node_lists() -> None:
    assert list(release(DEFAULT_TAG).flags) == NEWEST["featureKeys"]
    assert list(release(DEFAULT_TAG).configs) == NEWEST["supportConfigs"]


@pytest.mark.parametrize("tag", TAGS)
def test_a_release_knows_nothing_that_only_later_ones_do(tag: str) -> None:
    """Flags never go away, but for two of 3.7.3 that 3.8.0 does not have."""
    this = release(tag)
    later = release(TAGS[min(TAGS.index(tag) + 1, len(TAGS) - 1)])
    gone = set(this.flags) - set(later.flags)
    expected = {"bugfix_staticcall_noaddr_return", "bugfix_support_transfer_receive_fallback"}
    assert gone == (expected if tag == "3.7.3" else set())
    assert this.max_version <= later.max_version


@pytest.mark.parametrize("tag", TAGS)
def test_a_chain_founded_as_new_as_possible_has_all_fixes_that_its_binary_knows(tag: str) -> None:
    this = release(tag)
    fixes = [flag for flag in this.flags if flag.startswith("bugfix_")]
    assert this.founding_flags(this.max_version) == fixes


@pytest.mark.parametrize(
    ("founded", "flags"),
    [
        ("3.2.0", []),
        ("3.3.0", ["feature_sharding"]),
        ("3.5.0", ["bugfix_revert", "bugfix_statestorage_hash"]),
    ],
)
def test_older_data_has_few_of_them(founded: str, flags: list[str]) -> None:
    assert release(DEFAULT_TAG).founding_flags(versions.to_number(founded)) == flags


def test_raising_the_data_version_switches_on_what_lies_between() -> None:
    start, end = versions.to_number("3.15.0"), versions.to_number("3.15.2")
    assert release(DEFAULT_TAG).upgrade_flags(start, end) == [
        "bugfix_precompiled_gascalc",
        "bugfix_method_auth_sender",
        "bugfix_precompiled_evm_status",
    ]
    assert release("3.15.1").upgrade_flags(start, end) == ["bugfix_precompiled_gascalc"]


def test_keys_of_later_releases_are_not_there() -> None:
    tree = parse(b"[rpc]\nenable_ssl=false\ndisable_ssl=true\n[executor]\nversion=1\n", "x")
    old = release("3.11.0").as_read(tree)
    assert (old.find("rpc.enable_ssl"), old.find("rpc.disable_ssl")) == (None, "true")
    assert old.find("executor.version") is None
    assert release("3.15.0").as_read(tree).find("executor.version") == "1"


def test_balance_transfer_came_went_and_came_back() -> None:
    with_it = [tag for tag in TAGS if "balance_transfer" in release(tag).configs]
    assert with_it[:3] == ["3.10.2", "3.10.3", "3.12.0"]


def test_a_tag_that_never_was_is_refused() -> None:
    with pytest.raises(StartFailed, match=r"no release '3\.10\.1'"):
        release("3.10.1")


def test_images_are_built_for_emulated_releases_only() -> None:
    with pytest.raises(SandboxError, match=r"emulates no release 3\.5\.0"):
        source_checkout(("3.16.4", "3.5.0"))
