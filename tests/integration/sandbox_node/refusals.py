"""Changes to a node's files: those that stop it, and with what text, and those it survives.

Each row is one of "Things that stop the node" or of the table of what real nodes were seen to do.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.sandbox_node.chain_files import NodeFiles

Change = Callable[[NodeFiles], object]


def both(*changes: Change) -> Change:
    return lambda node: [change(node) for change in changes]


def in_config(old: str, new: str) -> Change:
    return lambda node: node.edit(node.config, old, new)


def in_genesis(old: str, new: str) -> Change:
    return lambda node: node.edit(node.genesis, old, new)


def setting(section: str, line: str) -> Change:
    """A line at the start of a section of config.ini."""
    return in_config(f"[{section}]\n", f"[{section}]\n    {line}\n")


def new_section(text: str) -> Change:
    return lambda node: node.config.write_text(node.config.read_text() + text)


def peers(content: str) -> Change:
    return lambda node: (node.directory / "nodes.json").write_text(content)


def without(name: str) -> Change:
    return lambda node: (node.directory / name).unlink()


def holding(name: str, content: bytes) -> Change:
    return lambda node: (node.directory / name).write_bytes(content)


def first_sealer(value: Callable[[str], str]) -> Change:
    """Replace `<id>: 1` of the only consensus.node line."""
    return lambda node: node.edit(node.genesis, f"{node.node_id}: 1", value(node.node_id))


REFUSED: dict[str, tuple[Change, str]] = {
    # The dialect of both files.
    "a duplicate key": (setting("rpc", "thread_count=8"), "duplicate key name"),
    "a duplicate section": (new_section("[rpc]\nx=1\n"), "duplicate section name"),
    "a line without =": (setting("rpc", "nonsense"), "'=' character not found in line"),
    "a byte order mark": (
        lambda node: node.config.write_bytes(b"\xef\xbb\xbf" + node.config.read_bytes()),
        "'=' character not found in line",
    ),
    "an unmatched bracket": (new_section("[oops\n"), "unmatched '['"),
    # config.genesis
    "chain_id with a dash": (
        in_genesis("chain_id=chain0", "chain_id=chain-0"),
        "The chainId must be number or digit",
    ),
    "chain_id with an underscore": (
        in_genesis("chain_id=chain0", "chain_id=chain_0"),
        "The chainId must be number or digit",
    ),
    "block_limit above 5000": (
        in_genesis("group_id=group0", "group_id=group0\nblock_limit=5001"),
        "Please set chain.block_limit to positive and less than 5000 !",
    ),
    "web3 chain id with letters": (
        in_genesis("chain_id=20200", "chain_id=abc"),
        "The web3ChainId must be number string",
    ),
    "an unknown consensus": (
        in_genesis("consensus_type=pbft", "consensus_type=raft"),
        "consensus.consensus_type is illegal, it must be pbft or rpbft!",
    ),
    "no transactions in a block": (
        in_genesis("block_tx_count_limit=1000", "block_tx_count_limit=0"),
        "Please set consensus.block_tx_count_limit to positive!",
    ),
    "a limit that is no number": (
        in_genesis("block_tx_count_limit=1000", "block_tx_count_limit=many"),
        "Invalid value many for configuration consensus.block_tx_count_limit, "
        "please set the value with a valid number",
    ),
    "leader_period 0": (
        in_genesis("leader_period=1", "leader_period=0"),
        "Please set consensus.leader_period to positive!",
    ),
    "no sealer": (in_genesis("node.0=", "nobody="), "Must set sealerList!"),
    "weight 0": (
        first_sealer(lambda node_id: f"{node_id}: 0"),
        "to positive!",
    ),
    "a weight that is no number": (
        first_sealer(lambda node_id: f"{node_id}: heavy"),
        "bad lexical cast: source type value could not be interpreted as target",
    ),
    "a node id with 0x": (
        first_sealer(lambda node_id: f"0x{node_id}: 1"),
        "Dynamic exception type: boost::wrapexcept<boost::algorithm::non_hex_input>",
    ),
    "a blank before the colon": (
        first_sealer(lambda node_id: f"{node_id} : 1"),
        "Dynamic exception type: boost::wrapexcept<boost::algorithm::non_hex_input>",
    ),
    "a node id of odd length": (
        first_sealer(lambda node_id: f"{node_id[1:]}: 1"),
        "Dynamic exception type: boost::wrapexcept<boost::algorithm::not_enough_input>",
    ),
    "too little gas": (
        in_genesis("gas_limit=3000000000", "gas_limit=1000"),
        "Please set tx.gas_limit to more than 100000 !",
    ),
    "a version above the binary's": (
        in_genesis("compatibility_version=3.16.4", "compatibility_version=3.17.0"),
        "The genesis compatibilityVersion is 3.17.0, high than support maxVersion",
    ),
    "a version with a v": (
        in_genesis("compatibility_version=3.16.4", "compatibility_version=v3.16.4"),
        "std::exception::what: v3.16.4",
    ),
    "a version of the second series": (
        in_genesis("compatibility_version=3.16.4", "compatibility_version=2.9.1"),
        "The major version must between 3 to 255, version:2.9.1",
    ),
    "a version without a minor": (
        in_genesis("compatibility_version=3.16.4", "compatibility_version=3"),
        "The version must be in format of MAJOR.MINOR.PATCH",
    ),
    "wasm that is not serial": (
        both(
            in_genesis("is_wasm=false", "is_wasm=true"),
            in_genesis("is_serial_execute=true", "is_serial_execute=false"),
        ),
        "loadExecutorConfig wasm only support serial executing",
    ),
    "wasm with auth": (
        both(
            in_genesis("is_wasm=false", "is_wasm=true"),
            in_genesis("is_auth_check=false", "is_auth_check=true"),
        ),
        "loadExecutorConfig auth only support solidity",
    ),
    "no admin account, auth off": (
        lambda node: node.genesis.write_text(
            "".join(
                "auth_admin_account=\n" if "auth_admin_account" in line else line
                for line in node.genesis.read_text().splitlines(keepends=True)
            )
        ),
        "executor.auth_admin_account is null, please set correct auth_admin_account",
    ),
    "an unknown feature": (
        lambda node: node.genesis.write_text(
            node.genesis.read_text() + "[features]\nfeature_nope=true\n"
        ),
        "Dynamic exception type: boost::wrapexcept<bcos::ledger::NoSuchFeatureError>",
    ),
    # config.ini
    "log files below 100 MB": (
        in_config("max_log_file_size=1024", "max_log_file_size=99"),
        "log.max_log_file_size must be greater than 100M",
    ),
    "a rotation time without seconds": (
        setting("log", "rotate_time_point=0:0"),
        "log.rotate_time_point must be in format of HH:MM:SS, current is 0:0",
    ),
    "P2P port 1024": (
        lambda node: node.edit(node.config, f"listen_port={node.p2p_port}", "listen_port=1024"),
        "std::exception::what: initP2PConfig: invalid listen port, port=1024",
    ),
    "RPC port 1024": (
        lambda node: node.edit(node.config, f"listen_port={node.rpc_port}", "listen_port=1024"),
        "invalid listen port, value: 1024",
    ),
    "receive buffer below twice the message": (
        setting("p2p", "session_recv_buffer_size=1024"),
        "initP2PConfig: invalid p2p.allow_max_msg_size",
    ),
    "txpool.limit 0": (
        in_config("limit=15000", "limit=0"),
        "Please set txpool.limit to positive !",
    ),
    "txpool.limit with a comment": (
        in_config("limit=15000", "limit=15000 ; many"),
        "Invalid value 15000 ; many for configuration txpool.limit",
    ),
    "min_seal_time 0": (
        in_config("min_seal_time=500", "min_seal_time=0"),
        "Please set consensus.min_seal_time between 1 and 600000!",
    ),
    "a short checkpoint timeout": (
        setting("consensus", "checkpoint_timeout=2999"),
        "Please set consensus.checkpoint_timeout to no less than 3000ms!",
    ),
    "a short pipeline": (
        setting("consensus", "pipeline_size=49"),
        "Please set consensus.pipeline_size to no less than 50",
    ),
    "an unknown kms": (setting("security", "kms_type=vault"), "Please set kms_type to LEGACY!"),
    "storage security without its key": (
        new_section("[storage_security]\nenable=true\n"),
        "Please provide key_center_url and cipher_data_key!",
    ),
    "an archive without an address": (
        setting("storage", "enable_archive=true"),
        "No such node (storage.archive_ip)",
    ),
    "an archive without a port": (
        setting("storage", "enable_archive=true\narchive_ip=127.0.0.1\narchive_port="),
        'conversion of data to type "t" failed',
    ),
    "an unknown storage": (setting("storage", "type=leveldb"), "storage type not support"),
    "a tree of no width": (
        new_section("[sync]\ntree_width=0\n"),
        "Please set sync.tree_width in 1~65535",
    ),
    # nodes.json
    "no nodes.json": (
        without("nodes.json"),
        "initP2PConfig: unable to read nodes json file, path=.//nodes.json",
    ),
    "an empty nodes.json": (
        peers(""),
        "initP2PConfig: unable to read nodes json file, path=.//nodes.json",
    ),
    "nodes.json that is no JSON": (
        peers("nodes: []"),
        "GatewayConfig: unable to parse p2p connected nodes json",
    ),
    "an entry without a port": (
        peers('{"nodes":["127.0.0.1"]}'),
        "GatewayConfig: invalid host , host=127.0.0.1",
    ),
    "an entry with port 443": (
        peers('{"nodes":["127.0.0.1:443"]}'),
        "GatewayConfig: the port is invalid, port=443",
    ),
    "a name that does not resolve": (
        peers('{"nodes":["127.0.0.1:30300","gone.invalid:30300"]}'),
        "GatewayConfig: the host is not a valid ip or a hostname, host=gone.invalid:30300",
    ),
    # Keys
    "no node.pem": (
        without("conf/node.pem"),
        "loadKeyPair failed, keyPair path: conf/node.pem",
    ),
    "a node.pem that is none": (
        holding("conf/node.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        "loadKeyPair failed, keyPair path: conf/node.pem",
    ),
    "no ssl.crt": (
        without("conf/ssl.crt"),
        "GatewayFactory::init unable parse myself pub id",
    ),
    "an ssl.crt that is none": (
        holding("conf/ssl.crt", b"certificate"),
        "GatewayFactory::init unable parse myself pub id",
    ),
    # The data
    "a data directory that cannot be made": (
        lambda node: (node.directory / "data").write_text("a file is in the way"),
        "boost::filesystem::create_directories: ",
    ),
}


ACCEPTED: dict[str, Change] = {
    "group_id with a dash": in_genesis("group_id=group0", "group_id=group-0"),
    "an unknown key": setting("rpc", "nope=1"),
    "an unknown section": new_section("[nope]\nkey=1\n"),
    "consensus_timeout 2000": in_genesis(
        "leader_period=1", "leader_period=1\nconsensus_timeout=2000"
    ),
    "CRLF line ends": lambda node: node.config.write_bytes(
        node.config.read_bytes().replace(b"\n", b"\r\n")
    ),
    "a boolean that is none": in_config("enable_ssl=true", "enable_ssl=True"),
    "an empty section twice": new_section("[empty]\n[empty]\n"),
    "a port above 16 bits in nodes.json": peers('{"nodes":["127.0.0.1:70000"]}'),
    "nodes that are no list": peers('{"nodes":"127.0.0.1:30300"}'),
    "a short entry in the black list": new_section("[certificate_blacklist]\ncrl.0=abcd\n"),
    "no ssl.key": without("conf/ssl.key"),
    "an ssl.key that is none": holding("conf/ssl.key", b"key"),
    "no ca.crt": without("conf/ca.crt"),
    "a ca.crt that is none": holding("conf/ca.crt", b"certificate"),
    "duplicate sealers": first_sealer(lambda node_id: f"{node_id}: 1\n    node.1={node_id}: 1"),
    "a short node id": first_sealer(lambda node_id: f"{node_id[:64]}: 1"),
}
