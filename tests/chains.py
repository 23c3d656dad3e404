"""Chains for tests of pure code: resources as users write them, plans, and made-up material.

The material is public text with no meaning; real keys and certificates are the engine's tests'.
"""

from collections.abc import Mapping
from typing import Any

from consortium_operator.api.parse import parse
from consortium_operator.chain.files import NodeFile, Port, Process, Source
from consortium_operator.chain.genesis import Founder, Seal
from consortium_operator.chain.plan import Plan, PlannedNode, Settings, make_plan
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AccountRegister, AuthorityRegister, NodeRegister

SETTINGS = Settings(
    operator_namespace="consortium-system",
    image_catalogue={
        "3.16.4": "registry.example/fisco-bcos@sha256:" + "0" * 64,
        "3.15.2": "registry.example/fisco-bcos@sha256:" + "3152" * 16,
        "3.8.0": "registry.example/fisco-bcos@sha256:" + "380f" * 16,
        "3.7.3": "registry.example/fisco-bcos@sha256:" + "373f" * 16,
    },
)
UID = "5d9f5bd6-6d3d-4e0b-9c6b-3c8f9d2a1b11"

PROCESS = Process(
    args=("-c", "/etc/node/config/config.ini", "-g", "/etc/node/genesis/config.genesis"),
    files_dir="/etc/node",
    data_dir="/var/lib/node",
    p2p=Port("p2p", 30300),
    rpc=Port("rpc", 20200),
)


def node(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name} | fields


def member(name: str, *nodes: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "nodes": [dict(entry) for entry in nodes or (node("node"),)]}


def resource(*members: Mapping[str, Any], name: str = "trade", **spec: Any) -> dict[str, Any]:
    """A ConsortiumChain as a user writes it. Default: four members of one sealer each."""
    four = [member(name) for name in ("huawei", "ping-an", "tencent", "webank")]
    return {
        "apiVersion": "consortium.dev/v1alpha1",
        "kind": "ConsortiumChain",
        "metadata": {"name": name, "namespace": "chains", "uid": UID},
        "spec": {
            "version": "3.16.4",
            "chainId": "chain0",
            "members": [dict(entry) for entry in members] or four,
        }
        | spec,
    }


def plan(*members: Mapping[str, Any], **spec: Any) -> Plan:
    return make_plan(parse(resource(*members, **spec)), SETTINGS)


def private(*names: str) -> PrivateFiles:
    return PrivateFiles({name: f"not a key: {name}".encode() for name in names})


def node_register(number: int = 1) -> NodeRegister:
    return NodeRegister(
        node_id=f"{number:0128x}",
        tls_id=f"{number:0512x}",
        node_public_key="not a key",
        tls_public_key="not a key",
        node_fingerprint=f"{number:064x}",
        tls_fingerprint=f"{number:064x}",
    )


def authority_register(number: int = 1) -> AuthorityRegister:
    return AuthorityRegister(f"certificate {number}\n", f"{number:08x}", f"{number:064x}")


def account_register() -> AccountRegister:
    return AccountRegister("0x" + "a" * 40, "b" * 64)


def seal(of: Plan) -> Seal:
    founders = tuple(
        Founder(sealer.member, sealer.name, f"{number:0128x}", sealer.weight)
        for number, sealer in enumerate(of.sealers)
    )
    return Seal("[chain]\n    chain_id=chain0\n", founders, {"keyPageSize": "0"})


def node_files(of: PlannedNode) -> tuple[NodeFile, ...]:
    """Laid out like a FISCO BCOS node's: keys and certificates share a directory, a live file has
    one of its own, and the trust directory is mounted whole."""
    return (
        NodeFile("conf/node.pem", Source.IDENTITY),
        NodeFile("conf/ssl.key", Source.TLS),
        NodeFile("conf/ssl.crt", Source.CERTIFICATE, f"certificate of {of.path}\n"),
        NodeFile("conf/ca.crt", Source.CERTIFICATE, f"client CA of {of.member}\n"),
        NodeFile("config/config.ini", Source.CONFIG, f"[p2p]\n    ; {of.path}\n"),
        NodeFile("genesis/config.genesis", Source.GENESIS, "[chain]\n    chain_id=chain0\n"),
        NodeFile("peers/nodes.json", Source.PEERS, '{"nodes":[]}'),
        NodeFile("trust/", Source.TRUST),
    )
