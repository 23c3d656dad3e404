"""The files of a node that runs as a bare process, laid out as build_chain.sh does.

The node's directory is its working directory, so that all paths are relative to it; it logs to
files. Everything else is what the node would have in a pod.
"""

import json
from collections.abc import Mapping

from consortium_operator.chain.files import NodeFile, Source
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.standalone import Place
from consortium_operator.engines.fisco_bcos.access import access_lists
from consortium_operator.engines.fisco_bcos.config import Values, config_ini, node_files
from consortium_operator.engines.fisco_bcos.key_table import boolean
from consortium_operator.engines.fisco_bcos.layout import CONF, POD, WEB3
from consortium_operator.engines.fisco_bcos.sealed import SealedSettings
from consortium_operator.engines.fisco_bcos.suites.table import SUITES
from consortium_operator.engines.protocol import NodeMaterial

P2P, RPC = "p2p", "rpc"

TRUST_DIRECTORY = "conf/multiCaPath/"
_PATHS = {
    Source.CONFIG: "config.ini",
    Source.GENESIS: "config.genesis",
    Source.PEERS: "nodes.json",
    Source.TRUST: TRUST_DIRECTORY,
}


def standalone_files(
    plan: Plan, seal: Seal, material: NodeMaterial, places: Mapping[str, Place]
) -> tuple[NodeFile, ...]:
    """`places`: by node path, of all nodes. With the two files of ids, which people and scripts
    read, and no node."""
    own = places[material.node.path]
    lists = access_lists(plan.spec.fisco_bcos.peers, material.chain_tls_ids)
    contents = {
        Source.CONFIG: config_ini(plan, seal, POD, {**_bare(seal, own), **lists}),
        Source.PEERS: nodes_json(places),
    }
    first_leaf = SUITES[plan.spec.fisco_bcos.cryptography].leaves[0]
    tls = CONF + first_leaf.key.replace(".key", ".nodeid")
    return (
        *(
            NodeFile(
                _PATHS.get(file.source, file.path),
                file.source,
                contents.get(file.source, file.content),
            )
            for file in node_files(plan, seal, material)
        ),
        NodeFile(CONF + "node.nodeid", Source.CERTIFICATE, f"{material.register.node_id}\n"),
        NodeFile(tls, Source.CERTIFICATE, f"{material.register.tls_id}\n"),
    )


def nodes_json(places: Mapping[str, Place]) -> str:
    """All nodes, the node itself among them: it recognizes itself by its TLS id (Service.cpp)."""
    nodes = [place.endpoint(P2P) for place in places.values()]
    return json.dumps({"nodes": nodes}, separators=(",", ":")) + "\n"


def _bare(seal: Seal, place: Place) -> Values:
    """What differs from a pod's config.ini. 0.0.0.0 takes no IPv6 connections."""
    listen_ip = {"listen_ip": "::" if place.host.is_ipv6 else "0.0.0.0"}
    web3 = {"listen_port": str(place.ports[WEB3])} if WEB3 in place.ports else {}
    return {
        "p2p": {
            **listen_ip,
            "listen_port": str(place.ports[P2P]),
            "nodes_path": "./",
            "nodes_file": _PATHS[Source.PEERS],
        },
        "rpc": {**listen_ip, "listen_port": str(place.ports[RPC])},
        "web3_rpc": {**listen_ip, **web3},
        "cert": {
            "ca_path": "./conf",
            # The node takes it from ca_path.
            "multi_ca_path": TRUST_DIRECTORY.removeprefix("conf/").rstrip("/"),
        },
        "security": {"private_key_path": "conf/node.pem"},
        "storage": {"data_path": SealedSettings.of(seal).data_path},
        "log": {"enable_console_output": boolean(False), "log_path": "./log"},
    }
