"""spec.fiscoBcos.config: what a user may set, and what happens to everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.api.problem import InvalidResource
from consortium_operator.engines.fisco_bcos.config_keys import CONFIG_KEYS
from tests.unit.engines.fisco_bcos import node_facts, rendered

PATH = "spec.fiscoBcos.config"


def refused(section: str, key: str, value: str) -> str:
    """The message about this one key."""
    found = rendered.problems(config={section: {key: value}})
    assert list(found) == [f"{PATH}.{section}.{key}"]
    return found[f"{PATH}.{section}.{key}"]


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("txpool", "limit", "20000"),
        ("txpool", "verify_worker_num", "4"),
        ("consensus", "min_seal_time", "1"),
        ("rpc", "thread_count", "16"),
        ("log", "level", "trace"),
        ("log", "max_log_file_size", "100"),
        ("p2p", "enable_compression", "false"),
        ("others", "send_tx_timeout", "-1"),
        ("flow_control", "total_outgoing_bw_limit", "2.5"),
        ("flow_control", "conn_outgoing_bw_limit_10.0.0.1", "3"),
        ("flow_control", "group_outgoing_bw_limit_group0", "3"),
        ("flow_control", "modules_without_bw_limit", "raft,pbft"),
        ("sync", "allow_free_node", "true"),
    ],
)
def test_a_key_of_the_users_reaches_config_ini(section: str, key: str, value: str) -> None:
    overlay = {section: {key: value}}
    assert rendered.problems(config=overlay) == {}
    assert rendered.config_of(rendered.plan(config=overlay))[section][key] == value


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("rpc", "return_input_params", "True", "must be true or false in lower case"),
        ("rpc", "return_input_params", "1", "must be true or false in lower case"),
        ("txpool", "limit", "15000 ; more", "must be a whole number from 1 to"),
        ("txpool", "limit", "0", "must be a whole number from 1 to"),
        ("txpool", "limit", "9" * 500, "must be a whole number from 1 to"),
        ("txpool", "limit", "١٥", "must be a whole number"),
        ("txpool", "limit", "0x10", "must be a whole number"),
        ("txpool", "limit", "007", "must be a whole number"),
        ("consensus", "min_seal_time", "600001", "from 1 to 600000"),
        ("consensus", "checkpoint_timeout", "2999", "from 3000 to"),
        ("consensus", "pipeline_size", "49", "from 50 to"),
        ("sync", "tree_width", "65536", "from 1 to 65535"),
        ("storage", "max_background_jobs", "1025", "from 1 to 1024"),
        ("log", "max_log_file_size", "99", "from 100 to"),  # trap 7
        ("log", "level", "INFO", "must be trace or debug or info"),
        ("flow_control", "total_outgoing_bw_limit", "much", "bandwidth in Mb/s"),
        ("flow_control", "modules_without_bw_limit", "raft,consensus", "must be a list of"),
        ("flow_control", "conn_outgoing_bw_limit_host", "1", "must end with an IPv4 address"),
        ("flow_control", "conn_outgoing_bw_limit_10.0.0.256", "1", "must end with an IPv4 address"),
        ("flow_control", "conn_outgoing_bw_limit_010.0.0.1", "1", "must end with an IPv4 address"),
        ("flow_control", "total_outgoing_bw_limit", "0.000001", "at least 0.00001"),
        ("flow_control", "time_window_sec", "0", "from 1 to 2000000"),
        ("flow_control", "time_window_sec", "2147484", "from 1 to 2000000"),
        ("flow_control", "stat_reporter_interval", "0", "from 1 to"),
        ("flow_control", "incoming_module_qps_limit_x", "1", "from 0 to 65534"),
        ("flow_control", "incoming_module_qps_limit_65535", "1", "from 0 to 65534"),
        ("web3_rpc", "cors_allowed_origins", "a\u2028b", "must not hold line breaks"),
        ("web3_rpc", "cors_allowed_origins", " a", "must not begin or end with a blank"),
    ],
)
def test_a_bad_value_is_refused(section: str, key: str, value: str, message: str) -> None:
    assert message in refused(section, key, value)


@pytest.mark.parametrize(
    ("section", "key", "value", "why"),
    [
        ("experimental", "force_sender", "0xab", "safety rests on"),
        ("experimental", "anything", "true", "safety rests on"),
        ("p2p", "enable_ssl_verify", "false", "accepts any peer's certificate"),
        ("p2p", "readonly", "true", "takes no part in the consensus"),
        ("cert", "ca_path", "/tmp", "spec.certificates"),
        ("cert", "sm_ca_cert", "x", "spec.certificates"),
        ("security", "private_key_path", "/tmp/x", "the node's key is the operator's"),
        ("storage_security", "enable", "true", "cannot be changed after"),
        ("storage", "key_page_size", "10240", "sealed at founding"),
        ("storage", "type", "TiKV", "sealed at founding"),
        ("storage", "data_path", "data2", "sealed at founding"),
        ("storage", "enable_separate_block_state", "true", "sealed at founding"),
        ("certificate_blacklist", "crl.0", "ab", "spec.fiscoBcos.peers"),
        ("certificate_whitelist", "cal.0", "ab", "spec.fiscoBcos.peers"),
        ("p2p", "listen_port", "30301", "the operator's"),
        ("p2p", "listen_ip", "::", "the operator's"),
        ("p2p", "nodes_path", "/tmp", "lays out the node's directory"),
        ("p2p", "sm_ssl", "true", "spec.fiscoBcos.cryptography"),
        ("rpc", "listen_port", "1", "spec.fiscoBcos.rpc.port"),
        ("rpc", "enable_ssl", "false", "spec.fiscoBcos.rpc.tls"),
        ("rpc", "disable_ssl", "true", "spec.fiscoBcos.rpc.tls"),
        ("web3_rpc", "enable", "true", "spec.fiscoBcos.web3Rpc"),
        ("rpc", "tars_rpc_port", "20021", "Pro and Max"),
        ("failover", "enable", "true", "Pro and Max"),
        ("service", "rpc", "a.b", "Pro and Max"),
        ("log", "enable_console_output", "false", "standard output"),
        ("log", "log_path", "/", "standard output"),
        ("redis", "password", "secret", "would stand in a ConfigMap"),
        ("flow_control", "enable_distributed_ratelimit", "true", "would stand in a ConfigMap"),
        ("executor", "baseline_scheduler", "true", "must execute with one scheduler"),
        ("storage", "enable_archive", "true", "asks nobody who they are"),
        ("storage", "archive_port", "9000", "asks nobody who they are"),
        ("storage", "archive_ip", "0.0.0.0", "asks nobody who they are"),
    ],
)
def test_a_key_that_is_not_the_users_is_refused_with_the_reason(
    section: str, key: str, value: str, why: str
) -> None:
    message = refused(section, key, value)
    assert message.startswith("must not be set: ")
    assert why in message


@pytest.mark.parametrize(
    ("section", "key", "message"),
    [
        ("txpool", "limits", "the nearest is txpool.limit"),
        ("consensus", "min_seal_tme", "the nearest is consensus.min_seal_time"),
        ("txpool", "Limit", "the nearest is txpool.limit"),
        ("txpool", "min_seal_time", "belongs to consensus"),
        ("executor", "is_wasm", "key of config.genesis"),
        ("consensus", "node.0", "key of config.genesis"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    section: str, key: str, message: str
) -> None:
    assert message in refused(section, key, "1")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("tx_pool", "the nearest is txpool"),
        ("TXPOOL", "the nearest is "),
        ("tx", "section of config.genesis"),
        ("features", "section of config.genesis"),
        # Old names of the lists: a node reads them where it finds no list by the new name.
        ("crl", "is no section of config.ini"),
        ("cal", "is no section of config.ini"),
    ],
)
def test_an_unknown_section_is_refused(section: str, message: str) -> None:
    found = rendered.problems(config={section: {"limit": "1"}})
    assert message in found[f"{PATH}.{section}"]


@pytest.mark.parametrize(
    ("version", "section", "key", "message"),
    [
        ("3.7.0", "sync", "allow_free_node", "the node has it from 3.7.1 on"),
        ("3.6.0", "flow_control", "enable", "the node has it from 3.6.1 on"),
        ("3.15.5", "web3_rpc", "enable_cors", "the node has it from 3.16.0 on"),
        ("3.16.4", "p2p", "ssl_server_verify_mode", "the node had it before 3.14.0"),
    ],
)
def test_a_key_that_the_version_does_not_know_is_refused(
    version: str, section: str, key: str, message: str
) -> None:
    found = rendered.problems(version, config={section: {key: "true"}})
    assert message in found[f"{PATH}.{section}.{key}"]


def test_a_switch_by_which_a_node_would_accept_anybody_is_refused_wherever_it_is_known() -> None:
    for version, key in (("3.12.1", "ssl_client_verify_mode"), ("3.14.0", "enable_ssl_verify")):
        found = rendered.problems(version, config={"p2p": {key: "0"}})
        assert "must not be set" in found[f"{PATH}.p2p.{key}"]


def test_everything_wrong_is_said_at_once() -> None:
    found = rendered.problems(
        config={"txpool": {"limit": "x", "size": "1"}, "cert": {"ca_path": "/"}, "nope": {"a": "1"}}
    )
    assert list(found) == [
        f"{PATH}.cert.ca_path",
        f"{PATH}.nope",
        f"{PATH}.txpool.limit",
        f"{PATH}.txpool.size",
    ]


def test_a_limit_of_messages_that_lets_no_block_pass_is_refused() -> None:
    found = rendered.problems(config={"p2p": {"allow_max_msg_size": "1"}})
    assert "from 1048576 to" in found[f"{PATH}.p2p.allow_max_msg_size"]


def test_the_receive_buffer_must_hold_two_of_the_largest_messages() -> None:
    sizes = {"allow_max_msg_size": "2000000", "session_recv_buffer_size": "3999999"}
    found = rendered.problems(config={"p2p": sizes})
    assert "at least 4000000" in found[f"{PATH}.p2p.session_recv_buffer_size"]
    fitting = sizes | {"session_recv_buffer_size": "4000000"}
    assert rendered.problems(config={"p2p": fitting}) == {}
    alone = {"session_recv_buffer_size": "4000000"}
    assert "at least 67108864" in str(rendered.problems(config={"p2p": alone}))


def test_a_part_of_the_bandwidth_is_not_above_the_whole() -> None:
    limits = {"total_outgoing_bw_limit": "10", "conn_outgoing_bw_limit": "10.5"}
    found = rendered.problems(config={"flow_control": limits})
    assert "must not be above" in found[f"{PATH}.flow_control.conn_outgoing_bw_limit"]


@pytest.mark.parametrize("value", ["1\n[rpc]\nenable_ssl=false", "1\r2", "1\x002", "1\x0b2"])
def test_a_value_cannot_bring_lines_or_sections(value: str) -> None:
    """Trap 8. Line breaks are refused by the resource's own rule, the rest here."""
    overlay = {"web3_rpc": {"cors_allowed_origins": value}}
    try:
        found = rendered.problems(config=overlay)
    except InvalidResource as error:
        found = {problem.path: problem.message for problem in error.problems}
    assert "line break" in str(found)


def test_a_name_with_control_characters_is_shown_in_one_line() -> None:
    found = rendered.problems(config={"a\nb": {"x": "1"}, "txpool": {"c\x1b[2J": "1"}})
    assert all(path.isprintable() and message.isprintable() for path, message in found.items())
    assert len(found) == 2


HOSTILE = st.one_of(
    st.text(min_size=1, max_size=30),
    st.sampled_from(
        ["True", "{{ x }}", "a=b", "[x]", ";c", "${A}", "-1", "1e9", "0", "true", "5000"]
    ),
)
SECTIONS = st.sampled_from([section.name for section in CONFIG_KEYS.sections])
KEYS = st.sampled_from([key.name for _, key in CONFIG_KEYS])


@given(
    st.dictionaries(
        st.one_of(SECTIONS, st.text(max_size=10)),
        st.dictionaries(st.one_of(KEYS, st.text(max_size=10)), HOSTILE, max_size=3),
        max_size=4,
    ),
    st.sampled_from(node_facts.TAGS),
)
def test_any_overlay_is_refused_by_name_or_arrives_exactly(
    overlay: dict[str, dict[str, str]], version: str
) -> None:
    try:
        found = rendered.problems(version, config=overlay)
    except InvalidResource:
        return
    if found:
        assert all(path.startswith(PATH) for path in found)
        return
    config = rendered.config_of(rendered.plan(version=version, config=overlay))
    for section, keys in overlay.items():
        for key, value in keys.items():
            assert config[section][key] == value


def test_the_order_of_an_overlay_never_matters() -> None:
    keys = {"group_outgoing_bw_limit_b": "1", "group_outgoing_bw_limit_a": "2"}
    backwards = dict(reversed(list(keys.items())))
    one = rendered.plan(config={"flow_control": keys, "log": {"level": "info"}})
    other = rendered.plan(config={"log": {"level": "info"}, "flow_control": backwards})
    assert rendered.files(one, one.nodes[0]) == rendered.files(other, other.nodes[0])
