"""config.ini and the directory of a node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.chain.files import Port, Source
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.fisco_bcos.config_keys import CONFIG_KEYS
from consortium_operator.engines.fisco_bcos.version_number import Version
from tests import chains
from tests.unit.engines.fisco_bcos import rendered


def test_it_has_every_section_of_build_chain_also_the_empty_ones() -> None:
    plan = rendered.plan()
    text = rendered.files(plan, plan.nodes[0])["config/config.ini"]
    assert text is not None
    for section in ("certificate_blacklist", "certificate_whitelist", "redis", "flow_control"):
        assert f"\n[{section}]\n" in text


def test_keys_whose_default_in_the_node_differs_from_build_chains_are_always_written() -> None:
    """Trap 28: rpc.thread_count 8, key_page_size 10240, ca_path ./, and so on."""
    ours = rendered.config_of(rendered.plan())
    for section, key in CONFIG_KEYS:
        written = key.build_chain_at(Version(3, 16, 4))
        if written is not None and written != key.code:
            assert key.name in ours[section.name], key.name


def test_every_value_is_one_that_the_node_reads_as_meant() -> None:
    ours = rendered.config_of(rendered.plan())
    for section, keys in ours.items():
        for name, value in keys.items():
            key = CONFIG_KEYS.key(section, name)
            assert key is not None
            # archive_port= is what build_chain.sh writes for "none".
            assert value == "" or key.kind.complaint(value) is None, (section, name)


def test_both_switches_of_rpc_tls_agree() -> None:
    """Trap 13: which of the two counts depends on the version."""
    plan = rendered.plan()
    rpc = rendered.config_of(plan)["rpc"]
    assert (rpc["enable_ssl"], rpc["disable_ssl"]) == ("true", "false")
    rpc = rendered.config_of(rendered.plan(rpc={"tls": False}))["rpc"]
    assert (rpc["enable_ssl"], rpc["disable_ssl"]) == ("false", "true")


@pytest.mark.parametrize("version", ["3.9.0", "3.16.4"])
def test_the_web3_port_is_open_to_the_pods_network_where_it_is_asked_for(version: str) -> None:
    opened = rendered.plan(version=version, web3Rpc={"enabled": True, "port": 9000})
    web3 = rendered.config_of(opened)["web3_rpc"]
    assert [web3[key] for key in ("enable", "listen_ip", "listen_port")] == [
        *("true", "0.0.0.0", "9000")
    ]
    closed = rendered.config_of(rendered.plan(version=version))["web3_rpc"]
    assert closed["enable"] == "false"
    assert [port.name for port in rendered.ENGINE.process(opened).ports] == ["p2p", "rpc", "web3"]
    assert [port.name for port in rendered.ENGINE.process(rendered.plan()).ports] == ["p2p", "rpc"]


def test_an_sm_chain_speaks_tlcp_between_nodes_and_ordinary_tls_to_clients() -> None:
    config = rendered.config_of(rendered.unchecked(rendered.plan(), cryptography=Cryptography.SM))
    assert config["p2p"]["sm_ssl"] == "true"
    assert (config["rpc"]["sm_ssl"], config["rpc"]["enable_ssl"]) == ("false", "true")
    names = ("sm_ca_cert", "sm_node_key", "sm_node_cert", "sm_ennode_key", "sm_ennode_cert")
    assert [config["cert"][name] for name in names] == [
        "sm_ca.crt",
        "sm_ssl.key",
        "sm_ssl.crt",
        "sm_enssl.key",
        "sm_enssl.crt",
    ]
    # RPC's own.
    of_rpc = ("ca_cert", "node_key", "node_cert")
    assert [config["cert"][name] for name in of_rpc] == ["ca.crt", "ssl.key", "ssl.crt"]


def test_a_standard_chain_names_no_sm_files() -> None:
    config = rendered.config_of(rendered.plan())
    assert not any(name.startswith("sm_") for name in config["cert"])
    assert (config["p2p"]["sm_ssl"], config["rpc"]["sm_ssl"]) == ("false", "false")


def test_the_rpc_port_is_the_specs_and_the_peers_port_is_fixed() -> None:
    plan = rendered.plan(rpc={"port": 21000})
    config = rendered.config_of(plan)
    assert config["rpc"]["listen_port"] == "21000"
    assert config["p2p"]["listen_port"] == "30300"
    process = rendered.ENGINE.process(plan)
    assert process.ports == (Port("p2p", 30300), Port("rpc", 21000))


def test_sealed_settings_come_from_the_seal_and_never_from_the_spec() -> None:
    """Trap 24: another page size on an existing ledger corrupts it."""
    sealed = rendered.seal(rendered.plan(ledger={"keyPageSize": 10240}))
    storage = rendered.config_of(rendered.plan(), sealed)["storage"]
    assert storage["key_page_size"] == "10240"


def test_the_process_finds_its_files() -> None:
    plan = rendered.plan()
    process = rendered.ENGINE.process(plan)
    paths = rendered.files(plan, plan.nodes[0])
    in_pod = {f"{process.files_dir}/{path}" for path in paths}
    assert process.args == (
        "-c",
        "/etc/fisco-bcos/config/config.ini",
        "-g",
        "/etc/fisco-bcos/genesis/config.genesis",
    )
    config = rendered.config_of(plan)
    cert, p2p = config["cert"], config["p2p"]
    assert {
        process.args[1],
        process.args[3],
        f"{p2p['nodes_path']}/{p2p['nodes_file']}",
        f"{cert['ca_path']}/{cert['ca_cert']}",
        f"{cert['ca_path']}/{cert['node_cert']}",
        f"{cert['ca_path']}/{cert['node_key']}",
        config["security"]["private_key_path"],
        f"{cert['ca_path']}/{cert['multi_ca_path']}/".replace("/conf/..", ""),
    } == in_pod
    assert config["storage"]["data_path"].startswith(process.data_dir + "/")


def test_private_files_have_no_content_and_their_own_source() -> None:
    plan = rendered.plan()
    material = rendered.material(plan.nodes[0])
    files = rendered.ENGINE.node_files(plan, rendered.seal(plan), material)
    assert {file.path: file.content for file in files if file.source.is_private} == {
        "conf/ssl.key": None,
        "conf/node.pem": None,
    }
    assert {file.path: file.source for file in files} == {
        "config/config.ini": Source.CONFIG,
        "genesis/config.genesis": Source.GENESIS,
        "peers/nodes.json": Source.PEERS,
        "conf/ca.crt": Source.CERTIFICATE,
        "conf/ssl.crt": Source.CERTIFICATE,
        "conf/ssl.key": Source.TLS,
        "conf/node.pem": Source.IDENTITY,
        "trust/": Source.TRUST,
    }


def test_rpc_trusts_the_members_own_client_ca_alone() -> None:
    """Trap 19: a bundle of all CAs would open every member's RPC to every other member."""
    plan = rendered.plan()
    material = rendered.material(plan.nodes[0])
    ca = rendered.files(plan, plan.nodes[0])["conf/ca.crt"]
    assert ca == material.authorities[AuthorityKind.CLIENT].certificate


def test_all_nodes_have_one_genesis_byte_for_byte() -> None:
    """Traps 23 and 24."""
    plan = rendered.plan()
    texts = {rendered.files(plan, node)["genesis/config.genesis"] for node in plan.nodes}
    assert texts == {rendered.seal(plan).text}


def test_a_member_that_joins_changes_no_other_nodes_settings() -> None:
    """config.ini is in the pod template: a change there restarts the node."""
    few = rendered.plan(chains.member("huawei"), chains.member("webank"))
    more = rendered.plan(chains.member("huawei"), chains.member("tencent"), chains.member("webank"))
    sealed = rendered.seal(few)
    assert rendered.config_of(few, sealed) == rendered.config_of(more, sealed)


FREE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")))


@given(FREE.map(str.strip).filter(bool))
def test_free_text_of_an_overlay_arrives_exactly(value: str) -> None:
    plan = rendered.plan(config={"web3_rpc": {"cors_allowed_origins": value[:512].strip()}})
    found = rendered.config_of(plan)["web3_rpc"]["cors_allowed_origins"]
    assert found == value[:512].strip()
