"""config.ini: the settings of one node, and all files of its directory.

A value comes from one of three places, the last one wins: build_chain.sh's (config_keys.py), the
overlay of the resource (overlay.py refuses keys that are not its own), and ours (`_ours`).
"""

from collections.abc import Mapping

from consortium_operator.api.fisco_bcos import Cryptography, Rpc
from consortium_operator.chain.files import NodeFile, Source
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan
from consortium_operator.engines.fisco_bcos import ini
from consortium_operator.engines.fisco_bcos.access import access_lists
from consortium_operator.engines.fisco_bcos.config_keys import ALWAYS_WRITTEN, CONFIG_KEYS
from consortium_operator.engines.fisco_bcos.key_table import boolean, layered
from consortium_operator.engines.fisco_bcos.layout import (
    CONF,
    CONFIG_GENESIS,
    CONFIG_INI,
    NODE_PEM,
    NODES_JSON,
    POD,
    TRUST_DIRECTORY,
    Layout,
)
from consortium_operator.engines.fisco_bcos.peers import nodes_json
from consortium_operator.engines.fisco_bcos.sealed import SealedSettings
from consortium_operator.engines.fisco_bcos.suites.table import SUITES
from consortium_operator.engines.fisco_bcos.versions import VERSIONS
from consortium_operator.engines.fisco_bcos.withheld_keys import CERT
from consortium_operator.engines.protocol import NodeMaterial

Values = Mapping[str, Mapping[str, str]]
EMPTY: Values = {}


def node_files(plan: Plan, seal: Seal, material: NodeMaterial) -> tuple[NodeFile, ...]:
    """Every file that the node opens, and no other."""
    lists = access_lists(plan.spec.fisco_bcos.peers, material.chain_tls_ids)
    suite = SUITES[plan.spec.fisco_bcos.cryptography]
    return (
        NodeFile(CONFIG_INI, Source.CONFIG, config_ini(plan, seal, POD, lists)),
        NodeFile(CONFIG_GENESIS, Source.GENESIS, seal.text),
        NodeFile(NODES_JSON, Source.PEERS, nodes_json(plan, material.node)),
        *(
            NodeFile(CONF + file, Source.CERTIFICATE, material.trusted(kind))
            for file, kind in suite.trusted.items()
        ),
        *(
            NodeFile(
                CONF + leaf.certificate, Source.CERTIFICATE, material.certificates[leaf.certificate]
            )
            for leaf in suite.leaves
        ),
        *(NodeFile(CONF + leaf.key, Source.TLS) for leaf in suite.leaves),
        NodeFile(NODE_PEM, Source.IDENTITY),
        NodeFile(TRUST_DIRECTORY, Source.TRUST),
    )


def config_ini(plan: Plan, seal: Seal, layout: Layout, special: Values = EMPTY) -> str:
    """The text of config.ini. The overlay must have been checked (overlay.problems).

    `special`: what plan and seal do not say: the lists of peers, and what differs where the node
    runs in no pod.
    """
    overlay = {
        section: dict(sorted(keys.items())) for section, keys in plan.spec.fisco_bcos.config.items()
    }
    ours = _ours(plan, SealedSettings.of(seal), layout)
    values = layered(CONFIG_KEYS, VERSIONS[plan.spec.version], overlay, ours, special)
    order = [section.name for section in CONFIG_KEYS.sections]
    written = {name: values.get(name, {}) for name in order if name in (*values, *ALWAYS_WRITTEN)}
    return ini.write("config.ini.j2", written)


# The ordinary names, as build_chain.sh writes them.
_SM_FILES = {
    key.name: key.code for key in CERT.keys if key.name.startswith("sm_") and key.code is not None
}


def _rpc(rpc: Rpc) -> Mapping[str, str]:
    return {
        "listen_port": str(rpc.port),
        # On SM chains too: hardly any client speaks TLCP, and a node's RPC need not.
        "sm_ssl": boolean(False),
        # Which of the two counts depends on the version, so they always agree.
        "enable_ssl": boolean(rpc.tls),
        "disable_ssl": boolean(not rpc.tls),
    }


def _ours(plan: Plan, sealed: SealedSettings, layout: Layout) -> Values:
    spec = plan.spec.fisco_bcos
    is_sm = spec.cryptography is Cryptography.SM
    return {
        "p2p": {
            "listen_port": str(layout.p2p_port),
            "sm_ssl": boolean(is_sm),
            "nodes_path": layout.directory(NODES_JSON),
            "nodes_file": NODES_JSON.rpartition("/")[2],
        },
        "rpc": _rpc(spec.rpc),
        "web3_rpc": {
            "enable": boolean(spec.web3_rpc.enabled),
            "listen_port": str(spec.web3_rpc.port),
        },
        "cert": {
            "ca_path": layout.directory(CONF),
            **(_SM_FILES if is_sm else {}),
            # The node takes it from ca_path.
            "multi_ca_path": "../" + TRUST_DIRECTORY.rstrip("/"),
        },
        "security": {"private_key_path": layout.file(NODE_PEM)},
        "storage": {
            "data_path": f"{layout.data_dir}/{sealed.data_path}",
            "type": sealed.storage_type,
            "key_page_size": sealed.key_page_size,
            "enable_separate_block_state": sealed.separate_block_state,
        },
        "log": {
            # Then the node makes no log file and no directory; the path is for the case that
            # somebody switches it off.
            "enable_console_output": boolean(True),
            "log_path": f"{layout.data_dir}/log",
        },
    }
