"""The tables of versions, features and keys, held against the public source of every tag."""

import pytest

from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.engines.fisco_bcos.config_keys import CONFIG_KEYS
from consortium_operator.engines.fisco_bcos.features import FEATURES, REQUIRED
from consortium_operator.engines.fisco_bcos.genesis_keys import GENESIS_KEYS
from consortium_operator.engines.fisco_bcos.key_table import Table, layered
from consortium_operator.engines.fisco_bcos.version_number import Version
from consortium_operator.engines.fisco_bcos.versions import VERSIONS
from tests import observed
from tests.unit.engines.fisco_bcos import node_facts, rendered

TABLES: dict[str, Table] = {
    node_facts.CONFIG_INI: CONFIG_KEYS,
    node_facts.CONFIG_GENESIS: GENESIS_KEYS,
}
# build_chain.sh writes them, and no node reads them (the first: from 3.15.0 on).
NOT_READ = {"executor.baseline_scheduler", "consensus.consensus_timeout"}


def test_every_release_from_3_6_0_to_3_16_4_is_known_in_its_order() -> None:
    assert tuple(VERSIONS) == node_facts.TAGS
    assert len(VERSIONS) == 30


@pytest.mark.parametrize("tag", node_facts.TAGS)
def test_a_row_has_the_tags_newest_compatibility_version_and_its_feature_flags(tag: str) -> None:
    row = VERSIONS[tag]
    assert row.tag == tag
    assert str(row.max_compatibility) == node_facts.MAX_VERSION[tag]
    assert set(row.features) == node_facts.features(tag)
    assert len(set(row.features)) == len(row.features)


def test_a_patch_release_may_know_flags_that_the_next_minor_release_does_not() -> None:
    lost = set(VERSIONS["3.7.3"].features) - set(VERSIONS["3.8.0"].features)
    assert lost == {
        "bugfix_staticcall_noaddr_return",
        "bugfix_support_transfer_receive_fallback",
    }


def test_the_order_of_features_is_that_of_a_real_node_and_the_same_for_all_tags() -> None:
    theirs = observed.result("getGroupInfo")["nodeList"][0]["featureKeys"]
    assert [feature.flag for feature in FEATURES] == theirs
    for row in VERSIONS.values():
        assert list(row.features) == [flag for flag in theirs if flag in row.features]


def test_what_a_feature_requires_is_known_wherever_it_is() -> None:
    for row in VERSIONS.values():
        for flag, required in REQUIRED.items():
            assert flag not in row.features or required in row.features


@pytest.mark.parametrize("tag", node_facts.TAGS)
@pytest.mark.parametrize("file", TABLES)
def test_the_keys_of_a_tag_and_their_defaults_are_those_of_its_source(file: str, tag: str) -> None:
    version = VERSIONS[tag].version
    known = {
        f"{section.name}.{key.name}": key
        for section, key in TABLES[file]
        if key.beginning is None and key.is_known_to(version)
    }
    read = node_facts.keys_read(file, tag)
    assert known.keys() - NOT_READ == read.keys() - NOT_READ
    for name, default in read.items():
        # The node takes an empty bandwidth for none.
        assert (known[name].code or "") == (default or ""), name


@pytest.mark.parametrize("tag", node_facts.TAGS)
@pytest.mark.parametrize("file", TABLES)
def test_the_table_has_what_build_chain_of_the_tag_writes(file: str, tag: str) -> None:
    written = node_facts.build_chain(file, node_facts.STANDARD, tag)
    written.get("executor", {}).pop("auth_admin_account", None)  # generated anew each time
    ours = layered(TABLES[file], VERSIONS[tag])
    assert ours == {section: keys for section, keys in written.items() if keys}
    assert [(s, k) for s, keys in ours.items() for k in keys] == [
        (s, k) for s, keys in written.items() for k in keys
    ]


@pytest.mark.parametrize("tag", node_facts.TAGS)
@pytest.mark.parametrize("world", [node_facts.STANDARD, node_facts.SM])
def test_no_key_is_written_that_the_version_does_not_know(world: str, tag: str) -> None:
    """Known is what its node reads, and what its build_chain.sh writes."""
    cryptography = Cryptography.SM if world == node_facts.SM else Cryptography.STANDARD
    plan = rendered.unchecked(rendered.plan(version=tag), cryptography=cryptography)
    files = {
        node_facts.CONFIG_INI: rendered.config_of(plan),
        node_facts.CONFIG_GENESIS: rendered.genesis_of(plan),
    }
    for file, sections in files.items():
        known = set(node_facts.keys_read(file, tag))
        for section, keys in node_facts.build_chain(file, node_facts.STANDARD, tag).items():
            known |= {f"{section}.{key}" for key in keys}
        written = {
            f"{section}.{key}"
            for section, keys in sections.items()
            for key in keys
            if not key.startswith("node.")
        }
        assert written <= known


def test_versions_are_compared_number_by_number() -> None:
    assert Version.parse("3.9.0") < Version.parse("3.10.0") < Version.parse("3.16")
    assert Version.parse("3.16") == Version(3, 16, 0)


@pytest.mark.parametrize("text", ["v3.16.4", "3", "3.1.2.3", "3.1.", "", "3.-1.0", "3.1.0-rc1"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"X\.Y\.Z"):
        Version.parse(text)
