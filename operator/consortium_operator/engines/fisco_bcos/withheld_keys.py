"""The sections of config.ini that no overlay may touch, with all their keys.

The other sections, and the table of all of them, are in config_keys.py.
"""

from consortium_operator.engines.fisco_bcos.key_table import (
    Boolean,
    Choice,
    Integer,
    Key,
    Section,
    Text,
)
from consortium_operator.engines.fisco_bcos.version_number import Version

PRO_MAX = "it belongs to the Pro and Max editions; the operator runs Air"
_LISTS = "set spec.fiscoBcos.peers"
_3_13 = Version(3, 13, 0)
_BOOLEAN = Boolean()
_TEXT = Text()
_TLS_ID = Text(r"[0-9a-f]{512}|[0-9a-f]{128}", "must be 512 or 128 lower-case hexadecimal digits")

DENY_LIST = Section(
    "certificate_blacklist",
    (Key("crl.*", _TLS_ID, None, suffix=Integer()),),
    withheld=_LISTS,
)
ALLOW_LIST = Section(
    "certificate_whitelist",
    (Key("cal.*", _TLS_ID, None, suffix=Integer()),),
    withheld=_LISTS,
)

CERT = Section(
    "cert",
    (
        Key("ca_path", _TEXT, "./", "./conf"),
        Key("ca_cert", _TEXT, "ca.crt", "ca.crt"),
        Key("node_key", _TEXT, "ssl.key", "ssl.key"),
        Key("node_cert", _TEXT, "ssl.crt", "ssl.crt"),
        # Of SM chains: there build_chain.sh writes these in place of the three above.
        Key("sm_ca_cert", _TEXT, "sm_ca.crt"),
        Key("sm_node_key", _TEXT, "sm_ssl.key"),
        Key("sm_node_cert", _TEXT, "sm_ssl.crt"),
        Key("sm_ennode_key", _TEXT, "sm_enssl.key"),
        Key("sm_ennode_cert", _TEXT, "sm_enssl.crt"),
        # Below ca_path. The P2P side trusts it beside the CA file; RPC does not.
        Key("multi_ca_path", _TEXT, "multiCaPath", "multiCaPath"),
    ),
    withheld="certificates are the operator's: see spec.certificates",
)

SECURITY = Section(
    "security",
    (
        Key("private_key_path", _TEXT, "node.pem", "conf/node.pem"),
        Key("enable_hsm", _BOOLEAN, "false", "false"),
        Key("hsm_lib_path", _TEXT, "/usr/local/lib/libgmt0018.so"),
        Key("key_index", Integer(), None),
        Key("password", _TEXT, ""),
        Key("kms_type", _TEXT, "LEGACY", since=_3_13),
        Key("kms_connection_str", _TEXT, "", since=_3_13),
        Key("cloud_kms_type", _TEXT, "", since=_3_13),
        Key("cipher_data_key", _TEXT, "", since=_3_13),
    ),
    withheld="the node's key is the operator's, and secrets must not stand in a ConfigMap",
)

STORAGE_SECURITY = Section(
    "storage_security",
    (
        Key("enable", _BOOLEAN, "false", "false"),
        Key("key_center_url", _TEXT, ""),
        Key("cipher_data_key", _TEXT, ""),
        Key("kms_type", Choice(("LEGACY", "BCOSKMS")), "LEGACY", since=_3_13),
        Key("kms_connection_str", _TEXT, "", since=_3_13),
    ),
    withheld="it cannot be changed after a node's first start, and its key must not stand in a "
    "ConfigMap",
)

REDIS = Section(
    "redis",
    (
        Key("server_ip", _TEXT, ""),
        Key("server_port", Integer(0, 65535), "0"),
        Key("request_timeout", Integer(-1), "-1"),
        Key("connection_pool_size", Integer(), "16"),
        Key("password", _TEXT, ""),
        Key("db", Integer(), "0"),
    ),
    withheld="it needs a Redis server whose password would stand in a ConfigMap",
)

FAILOVER = Section(
    "failover",
    (
        Key("enable", _BOOLEAN, "false"),
        Key("cluster_url", _TEXT, "127.0.0.1:2379"),
        Key("member_id", _TEXT, ""),
        Key("lease_ttl", Integer(3), "3"),
    ),
    withheld=PRO_MAX,
)

SERVICE = Section(
    "service",
    (
        Key("node_name", _TEXT, ""),
        Key("rpc", _TEXT, None),
        Key("gateway", _TEXT, None),
        Key("scheduler", _TEXT, None),
        Key("executor", _TEXT, None),
        Key("txpool", _TEXT, None),
        Key("without_tars_framework", _BOOLEAN, "false"),
        Key("tars_proxy_conf", _TEXT, "conf/tars_proxy.ini"),
    ),
    withheld=PRO_MAX,
)

EXPERIMENTAL = Section(
    "experimental",
    (
        Key("check_transaction_signature", _BOOLEAN, "true", since=_3_13),
        Key("check_parallel_conflict", _BOOLEAN, "true", since=_3_13),
        Key("single_point_consensus", _BOOLEAN, "false", since=Version(3, 15, 2)),
        Key("force_sender", _TEXT, "", since=Version(3, 15, 2)),
    ),
    withheld="it switches off what the chain's safety rests on",
)
