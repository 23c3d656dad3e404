"""Plans, seals and rendered files of small chains. Node ids follow from the node's path, so that
they do not depend on the order in which nodes are listed."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from consortium_operator.api.parse import parse
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.fisco_bcos import ini
from consortium_operator.engines.fisco_bcos.config import config_ini
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.fisco_bcos.layout import POD
from consortium_operator.engines.protocol import NodeMaterial
from tests import chains

ENGINE = FiscoBcos()
ADMIN = "0x" + "aB" * 20


def node_id(node: PlannedNode) -> str:
    return hashlib.sha512(node.path.encode()).hexdigest()


def node_ids(plan: Plan) -> dict[str, str]:
    return {node.path: node_id(node) for node in plan.sealers}


def seal(plan: Plan) -> Seal:
    return ENGINE.seal(plan, node_ids(plan), ADMIN)


def plan(*members: Mapping[str, Any], version: str = "3.16.4", **fisco_bcos: Any) -> Plan:
    """A plan of any known version whose spec.fiscoBcos has these fields."""
    image = {"repository": "fisco-bcos", "tag": f"v{version}"}
    return chains.plan(*members, version=version, image=image, fiscoBcos=fisco_bcos)


def unchecked(of: Plan, **fisco_bcos: Any) -> Plan:
    """`of` with fields of spec.fiscoBcos that the resource's rules refuse or refuse as yet."""
    spec = of.spec.fisco_bcos
    changed = spec.model_copy(update=fisco_bcos)
    return replace(of, spec=of.spec.model_copy(update={"fisco_bcos": changed}))


def genesis_of(plan: Plan) -> dict[str, dict[str, str]]:
    """Section → key → value of config.genesis."""
    return ini.parse(seal(plan).text)


def config_of(plan: Plan, sealed: Seal | None = None) -> dict[str, dict[str, str]]:
    """Section → key → value of config.ini."""
    return ini.parse(config_ini(plan, sealed or seal(plan), POD))


def files(of: Plan, node: PlannedNode) -> dict[str, str | None]:
    """Path → content of every file of a node."""
    return {file.path: file.content for file in ENGINE.node_files(of, seal(of), material(node))}


def problems(version: str = "3.16.4", **fisco_bcos: Any) -> dict[str, str]:
    """Field → message: what the engine says of a resource that the schema accepts."""
    found = ENGINE.problems(parse(chains.resource(version=version, fiscoBcos=fisco_bcos)))
    return {problem.path: problem.message for problem in found}


def material(node: PlannedNode) -> NodeMaterial:
    return NodeMaterial(
        node=node,
        register=chains.node_register(),
        certificates={
            file: f"{file} of {node.path}\n" for file in ("ssl.crt", "sm_ssl.crt", "sm_enssl.crt")
        },
        authorities={
            kind: chains.authority_register(number)
            for number, kind in enumerate(AuthorityKind, start=1)
        },
    )


def dial_list(plan: Plan, node: PlannedNode) -> str:
    """The text of nodes.json, the one file of the peers directory."""
    (text,) = ENGINE.peers(plan, node).values()
    return text
