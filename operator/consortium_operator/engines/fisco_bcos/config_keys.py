"""Every key of config.ini that a node reads: its type, its default, what build_chain.sh writes.

Sources: NodeConfig.cpp, GatewayConfig.cpp and BoostLogInitializer.cpp for what is read, and
build_chain.sh (generate_config_ini, generate_common_ini) for what it writes, in its order.
`withheld` says why an overlay (spec.fiscoBcos.config) must not set a key. The values that the
operator gives to keys of its own are in config.py, the sections that no overlay may touch in
withheld_keys.py.
"""

from consortium_operator.engines.fisco_bcos.key_table import (
    INT64_MAX,
    UINT32_MAX,
    Boolean,
    Changed,
    Choice,
    Integer,
    IPv4,
    Key,
    Megabits,
    Section,
    Table,
    Text,
)
from consortium_operator.engines.fisco_bcos.version_number import (
    SEPARATE_BLOCK_STATE,
    WEB3,
    Version,
)
from consortium_operator.engines.fisco_bcos.withheld_keys import (
    ALLOW_LIST,
    CERT,
    DENY_LIST,
    EXPERIMENTAL,
    FAILOVER,
    PRO_MAX,
    REDIS,
    SECURITY,
    SERVICE,
    STORAGE_SECURITY,
)

_BOOLEAN = Boolean()
_THREADS = Integer(1, 1024)
_POSITIVE = Integer(1)
_UINT32 = Integer(1, UINT32_MAX)
_SIZE = Integer(1, INT64_MAX)
_TEXT = Text()
_SECONDS = Integer(1, 2_000_000)  # the node multiplies by 1000 and keeps 32 bits
_FILTER_TIMEOUT = _SECONDS  # before 3.15.4 the node takes the number for milliseconds

_ADDRESS = "where a node listens is the operator's: its Services and policies follow from it"
_CRYPTOGRAPHY = "it follows from spec.fiscoBcos.cryptography"
_DIRECTORY = "the operator lays out the node's directory"
_SEALED = "it is sealed at founding: another value would corrupt the ledger"
_RPC_TLS = "set spec.fiscoBcos.rpc.tls"
_WEB3_RPC = "set spec.fiscoBcos.web3Rpc"
_VERIFY = "without it a node accepts any peer's certificate"
_SCHEDULER = "all nodes of a chain must execute with one scheduler; from 3.15.0 on none reads it"
_ARCHIVE = "it opens a port that asks nobody who they are"
_TIKV = "it belongs to TiKV; the operator runs RocksDB"
_CONSOLE = "nodes log to standard output and make no log files"

_P2P = Section(
    "p2p",
    (
        Key("listen_ip", _TEXT, "0.0.0.0", "0.0.0.0", withheld=_ADDRESS),
        Key("listen_port", Integer(1025, 65535), "30300", "30300", withheld=_ADDRESS),
        Key("sm_ssl", _BOOLEAN, "false", "false", withheld=_CRYPTOGRAPHY),
        Key("nodes_path", _TEXT, "./", "./", withheld=_DIRECTORY),
        Key("nodes_file", _TEXT, "nodes.json", "nodes.json", withheld=_DIRECTORY),
        Key("enable_rip_protocol", _BOOLEAN, "true"),
        Key("enable_compression", _BOOLEAN, "true"),
        Key(
            "enable_ssl_verify",
            _BOOLEAN,
            "true",
            "true",
            since=Version(3, 14, 0),
            withheld=_VERIFY,
        ),
        # What came before it.
        *(
            Key(
                name,
                Integer(),
                "3",
                since=Version(3, 12, 1),
                until=Version(3, 14, 0),
                withheld=_VERIFY,
            )
            for name in ("ssl_server_verify_mode", "ssl_client_verify_mode")
        ),
        Key(
            "readonly",
            _BOOLEAN,
            "false",
            withheld="a node that sends nothing takes no part in the consensus",
        ),
        Key("thread_count", _THREADS, "8"),
        # A node takes any number, but a block is one message: with few bytes none comes through.
        # Twice this must fit into the 32 bits of session_recv_buffer_size.
        Key("allow_max_msg_size", Integer(1 << 20), str(32 << 20)),
        Key("session_recv_buffer_size", _UINT32, None),
        Key("session_max_read_data_size", _UINT32, str(40 << 10)),
        Key("session_max_send_data_size", _UINT32, str(1 << 20)),
        Key("session_max_send_msg_count", _UINT32, "10"),
        Key("uuid", _TEXT, "", withheld=PRO_MAX),
    ),
)

_RPC = Section(
    "rpc",
    (
        Key("listen_ip", _TEXT, "0.0.0.0", "0.0.0.0", withheld=_ADDRESS),
        Key(
            "listen_port",
            Integer(1025, 65535),
            "20200",
            "20200",
            withheld="set spec.fiscoBcos.rpc.port",
        ),
        Key("thread_count", _THREADS, "8", "4"),
        Key("sm_ssl", _BOOLEAN, "false", "false", withheld=_CRYPTOGRAPHY),
        # The one overrides the other, and which one depends on the version.
        Key("enable_ssl", _BOOLEAN, None, "true", since=Version(3, 12, 0), withheld=_RPC_TLS),
        Key("disable_ssl", _BOOLEAN, "false", withheld=_RPC_TLS),
        Key("return_input_params", _BOOLEAN, "true"),
        Key("filter_timeout", _FILTER_TIMEOUT, "300", since=Version(3, 9, 0)),
        Key("filter_max_process_block", _POSITIVE, "10", since=Version(3, 9, 0)),
        Key("tars_rpc_host", _TEXT, "127.0.0.1", withheld=PRO_MAX),
        Key("tars_rpc_port", Integer(), "0", withheld=PRO_MAX),
        Key("tars_rpc_thread_count", _THREADS, "8", withheld=PRO_MAX),
    ),
)

_WEB3_CORS = Version(3, 16, 0)
_WEB3_RPC_SECTION = Section(
    "web3_rpc",
    (
        Key("enable", _BOOLEAN, "false", "false", since=WEB3, withheld=_WEB3_RPC),
        Key("listen_ip", _TEXT, "127.0.0.1", "0.0.0.0", since=WEB3, withheld=_ADDRESS),
        Key(
            "listen_port",
            Integer(1025, 65535),
            "8545",
            "8545",
            since=WEB3,
            withheld="set spec.fiscoBcos.web3Rpc.port",
        ),
        Key("thread_count", _THREADS, "8", "8", since=WEB3),
        Key("filter_timeout", _FILTER_TIMEOUT, "300", since=WEB3),
        Key("filter_max_process_block", _POSITIVE, "10", since=WEB3),
        Key("batch_request_size_limit", _POSITIVE, "8", since=_WEB3_CORS),
        Key("request_body_size_limit", _POSITIVE, "10240000", "10240000", since=_WEB3_CORS),
        Key("enable_cors", _BOOLEAN, "true", "true", since=_WEB3_CORS),
        Key("cors_allow_credentials", _BOOLEAN, "true", "true", since=_WEB3_CORS),
        Key("cors_allowed_origins", _TEXT, "*", "*", since=_WEB3_CORS),
        Key(
            "cors_allowed_methods",
            _TEXT,
            "GET, POST, OPTIONS",
            "GET, POST, OPTIONS",
            since=_WEB3_CORS,
        ),
        Key(
            "cors_allowed_headers",
            _TEXT,
            "Content-Type, Authorization, X-Requested-With",
            "Content-Type, Authorization, X-Requested-With",
            since=_WEB3_CORS,
        ),
        Key("cors_max_age", Integer(0), "86400", "86400", since=_WEB3_CORS),
        Key("sync_transaction", _BOOLEAN, "false", since=_WEB3_CORS),
    ),
)

_CONSENSUS = Section(
    "consensus",
    (
        Key("min_seal_time", Integer(1, 600_000), "500", "500"),
        Key("checkpoint_timeout", Integer(3000), "3000"),
        Key("pipeline_size", Integer(50), "50"),
    ),
)

_EXECUTOR = Section(
    "executor",
    (
        Key("enable_dag", _BOOLEAN, "true", "true"),
        Key("baseline_scheduler", _BOOLEAN, "false", "false", withheld=_SCHEDULER),
        Key("baseline_scheduler_parallel", _BOOLEAN, "false", "false"),
        Key("baseline_scheduler_chunksize", _POSITIVE, "100"),
        Key("baseline_scheduler_maxthread", _THREADS, "16"),
        Key("vm_cache_size", _POSITIVE, "1024"),
    ),
)

_STORAGE = Section(
    "storage",
    (
        Key("data_path", _TEXT, None, "data", withheld=_SEALED),
        Key("type", Choice(("RocksDB", "TiKV")), "RocksDB", withheld=_SEALED),
        Key("enable_cache", _BOOLEAN, "true", "true"),
        Key("cache_size", _SIZE, str(32 << 20)),
        Key(
            "key_page_size",
            Integer(0),
            "10240",
            Changed(("3.6.0", "10240"), ("3.15.3", "0")),
            withheld=_SEALED,
        ),
        Key("max_write_buffer_number", _POSITIVE, "4"),
        # RocksDB starts all of these threads at once.
        Key("max_background_jobs", _THREADS, "4"),
        Key("write_buffer_size", _SIZE, str(64 << 20)),
        Key("min_write_buffer_number_to_merge", _POSITIVE, "1"),
        Key("block_cache_size", _SIZE, str(128 << 20)),
        Key("enable_statistics", _BOOLEAN, "false"),
        Key("enable_rocksdb_blob", _BOOLEAN, "false"),
        Key("pd_addrs", _TEXT, "127.0.0.1:2379", withheld=_TIKV),
        Key("pd_ssl_ca_path", _TEXT, "", "", withheld=_TIKV),
        Key("pd_ssl_cert_path", _TEXT, "", "", withheld=_TIKV),
        Key("pd_ssl_key_path", _TEXT, "", "", withheld=_TIKV),
        Key("enable_archive", _BOOLEAN, "false", "false", withheld=_ARCHIVE),
        Key("archive_ip", _TEXT, None, "127.0.0.1", withheld=_ARCHIVE),
        Key("archive_port", Integer(1025, 65535), None, "", withheld=_ARCHIVE),
        Key("sync_archived_blocks", _BOOLEAN, "false", since=Version(3, 11, 0)),
        Key(
            "enable_separate_block_state",
            _BOOLEAN,
            "false",
            since=SEPARATE_BLOCK_STATE,
            withheld=_SEALED,
        ),
    ),
)

_TXPOOL = Section(
    "txpool",
    (
        Key("limit", _SIZE, "15000", "15000"),
        Key("notify_worker_num", _THREADS, "2", "2"),
        Key("verify_worker_num", _THREADS, None),
        Key("txs_expiration_time", _SECONDS, "600", "600"),
        Key("check_block_limit", _BOOLEAN, "true"),
        Key("enable_txs_from_free_node", _BOOLEAN, "false", "false", since=Version(3, 14, 0)),
    ),
)

_SYNC = Section(
    "sync",
    (
        Key("send_txs_by_tree", _BOOLEAN, "false", "false"),
        Key("sync_block_by_tree", _BOOLEAN, "false", "false"),
        Key("tree_width", Integer(1, 65535), "3", "3"),
        Key("allow_free_node", _BOOLEAN, "false", since=Version(3, 7, 1)),
    ),
)

_MODULES = "raft|pbft|amop|block_sync|txs_sync|light_node|cons_txs_sync"
_QPS = Integer(-1)
_FLOW_CONTROL = Section(
    "flow_control",
    (
        Key("enable", _BOOLEAN, "false", since=Version(3, 6, 1)),
        # A node takes 0 as well: then nothing that is limited is ever sent (TimeWindowRateLimiter),
        # or it reports without a pause.
        Key("time_window_sec", _SECONDS, "1"),
        Key("stat_reporter_interval", _POSITIVE, "60000"),
        Key("enable_connect_debug_info", _BOOLEAN, "false"),
        Key("enable_distributed_ratelimit", _BOOLEAN, "false", withheld=REDIS.withheld),
        Key("enable_distributed_ratelimit_cache", _BOOLEAN, "true", withheld=REDIS.withheld),
        Key("distributed_ratelimit_cache_percent", Integer(0, 100), "20", withheld=REDIS.withheld),
        Key(
            "modules_without_bw_limit",
            Text(
                rf"({_MODULES})(,({_MODULES}))*", "must be a list of " + _MODULES.replace("|", ", ")
            ),
            "raft,pbft,cons_txs_sync,txs_sync",
        ),
        Key("outgoing_allow_exceed_max_permit", _BOOLEAN, "false"),
        Key("total_outgoing_bw_limit", Megabits(), None),
        Key("conn_outgoing_bw_limit", Megabits(), None),
        Key("group_outgoing_bw_limit", Megabits(), None),
        Key(
            "conn_outgoing_bw_limit_*",
            Megabits(),
            None,
            suffix=IPv4(),
        ),
        Key(
            "group_outgoing_bw_limit_*",
            Megabits(),
            None,
            suffix=Text(r"[A-Za-z0-9]{1,32}", "must end with a group id"),
        ),
        Key(
            "incoming_p2p_basic_msg_type_list",
            Text(r"[0-9]{1,4}(,[0-9]{1,4})*", "must be a list of numbers such as 1,2,3"),
            "",
        ),
        Key("incoming_p2p_basic_msg_type_qps_limit", _QPS, "-1"),
        Key("incoming_module_msg_type_qps_limit", _QPS, "-1"),
        Key("incoming_module_qps_limit_*", _POSITIVE, None, suffix=Integer(0, 65534)),
    ),
)

_LOG = Section(
    "log",
    (
        Key("enable", _BOOLEAN, "true", "true"),
        Key("enable_console_output", _BOOLEAN, "false", "false", withheld=_CONSOLE),
        Key("log_path", _TEXT, "log", "./log", withheld=_CONSOLE),
        Key(
            "level",
            Choice(("trace", "debug", "info", "warning", "error", "fatal")),
            "info",
            "info",
        ),
        # MB. Checked by the node even where it makes no files.
        Key("max_log_file_size", Integer(100), "1024", "1024"),
        Key("flush", _BOOLEAN, "true"),
        Key("enable_rate_collector", _BOOLEAN, "false", "false"),
        Key("format", _TEXT, "", withheld="tools read the node's own format"),
        Key("enable_rotate_by_hour", _BOOLEAN, "true", withheld=_CONSOLE),
        Key("rotate_time_point", _TEXT, "0:0:0", since=Version(3, 11, 0), withheld=_CONSOLE),
        Key("log_name_pattern", _TEXT, "log_%Y%m%d_%H%M.log", withheld=_CONSOLE),
        Key("rotate_name_pattern", _TEXT, "log_%Y%m%d%H.%M.log", withheld=_CONSOLE),
        Key("archive_path", _TEXT, "", withheld=_CONSOLE),
        Key("compress_archive_file", _BOOLEAN, "false", withheld=_CONSOLE),
        Key("max_archive_files", Integer(0), "0", withheld=_CONSOLE),
        Key("max_archive_size", Integer(0), "0", withheld=_CONSOLE),
        Key("min_free_space", Integer(0), "0", withheld=_CONSOLE),
    ),
)

CONFIG_KEYS = Table(
    (
        _P2P,
        DENY_LIST,
        ALLOW_LIST,
        _RPC,
        _WEB3_RPC_SECTION,
        CERT,
        SECURITY,
        STORAGE_SECURITY,
        _CONSENSUS,
        _EXECUTOR,
        _STORAGE,
        _TXPOOL,
        _SYNC,
        REDIS,
        _FLOW_CONTROL,
        _LOG,
        FAILOVER,
        SERVICE,
        Section("others", (Key("send_tx_timeout", Integer(-1), "-1"),)),
        EXPERIMENTAL,
    )
)

# build_chain.sh writes these even where all of their keys are comments.
ALWAYS_WRITTEN = ("certificate_blacklist", "certificate_whitelist", "redis", "flow_control")
