"""Certificates and settings are named by what they hold."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.files import NodeFile, Source
from consortium_operator.manifests.certificate import certificate_config_map
from consortium_operator.manifests.config import config_config_map
from consortium_operator.manifests.core import data_hash
from tests import chains

PLAN = chains.plan()
NODE = PLAN.nodes[0]
FILES = chains.node_files(NODE)


def name(files: tuple[NodeFile, ...]) -> str:
    found: str = certificate_config_map(PLAN, NODE, files)["metadata"]["name"]
    return found


def test_another_content_is_another_object() -> None:
    renewed = tuple(replace(f, content="renewed\n") if f.key == "ssl.crt" else f for f in FILES)
    assert name(renewed) != name(FILES)
    assert name(FILES).startswith("trade-huawei-node-0-cert-")


def test_the_order_of_files_and_files_of_other_sources_do_not_matter() -> None:
    others = (*reversed(FILES), NodeFile("conf/more.ini", Source.CONFIG, "x"))
    assert name(others) == name(FILES)


def test_settings_hold_settings_only() -> None:
    found = config_config_map(PLAN, NODE, FILES)
    assert found["data"].keys() == {"config.ini"}
    assert found["metadata"]["name"].startswith("trade-huawei-node-0-config-")


def test_private_files_never_get_into_a_config_map() -> None:
    assert certificate_config_map(PLAN, NODE, FILES)["data"].keys() == {"ssl.crt", "ca.crt"}


texts = st.text(max_size=4)
data = st.dictionaries(texts, texts, max_size=3)


@given(data, data)
def test_two_contents_never_share_a_name(one: dict[str, str], other: dict[str, str]) -> None:
    assert (data_hash(one) == data_hash(other)) == (one == other)
