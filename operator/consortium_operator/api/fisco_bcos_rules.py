"""The rules of `spec.fiscoBcos` (see rules.py)."""

from __future__ import annotations

import re
from typing import Any

from consortium_operator.api.fisco_bcos import (
    P2P_PORT,
    Consensus,
    Executor,
    FiscoBcos,
    Genesis,
    Governor,
    OnChain,
    Peers,
)
from consortium_operator.api.rule import ALPHANUMERIC, SUBDOMAIN, VERSION, Rule, matches

_ADDRESS = "0x[0-9a-fA-F]{40}"
_TLS_ID = "([0-9a-f]{128}|[0-9a-f]{512})"
_TLS_ID_HELP = (
    "must hold TLS ids: 512 lower-case hexadecimal digits, or 128 with SM. A node ignores others"
)

FISCO_BCOS_RULES: tuple[Rule[Any], ...] = (
    matches(FiscoBcos, "groupId", ALPHANUMERIC, "must be letters and digits only"),
    matches(
        FiscoBcos,
        "genesisSha256",
        "[0-9a-f]{64}",
        "must be 64 lower-case hexadecimal digits",
    ),
    Rule(
        FiscoBcos,
        "executor.authCheck",
        "self.executor.authCheck || (self.rpc.tls && !self.web3Rpc.enabled)",
        lambda part: part.executor.auth_check or (part.rpc.tls and not part.web3_rpc.enabled),
        "false needs rpc.tls: true and web3Rpc.enabled: false: otherwise whoever reaches a node "
        "could vote its members out",
    ),
    Rule(
        FiscoBcos,
        "rpc.port",
        f"self.rpc.port != {P2P_PORT}",
        lambda part: part.rpc.port != P2P_PORT,
        f"must not be {P2P_PORT}: there the node listens for its peers",
    ),
    Rule(
        FiscoBcos,
        "web3Rpc.port",
        "!self.web3Rpc.enabled || "
        f"self.web3Rpc.port != {P2P_PORT} && self.web3Rpc.port != self.rpc.port",
        lambda part: (
            not part.web3_rpc.enabled or part.web3_rpc.port not in (P2P_PORT, part.rpc.port)
        ),
        f"must be neither {P2P_PORT}, where the node listens for its peers, nor rpc.port, with "
        "web3Rpc.enabled: true",
    ),
    Rule(
        FiscoBcos,
        "config",
        "!has(self.config) || self.config.all(s, self.config[s].all(k, "
        "!self.config[s][k].contains('\\n') && !self.config[s][k].contains('\\r')))",
        lambda part: (
            not any(
                "\n" in value or "\r" in value
                for section in part.config.values()
                for value in section.values()
            )
        ),
        "must not hold a line break: it would begin a key of its own",
    ),
    Rule(
        Consensus,
        "leaderPeriod",
        "self.leaderPeriod == 1",
        lambda consensus: consensus.leader_period == 1,
        "must be 1: a node reads another value and keeps 1",
    ),
    matches(
        Genesis,
        "compatibilityVersion",
        VERSION,
        'must be X.Y.Z without a leading v, such as "3.16.4"',
    ),
    matches(
        Genesis,
        "web3ChainId",
        "(0|[1-9][0-9]*)",
        'must be a number in quotes, such as "20200"',
    ),
    matches(
        Executor,
        "authAdminAccount",
        _ADDRESS,
        "must be 0x and 40 hexadecimal digits",
    ),
    Rule(
        Executor,
        "wasm",
        "!self.wasm || (self.serial && !self.authCheck)",
        lambda executor: not executor.wasm or (executor.serial and not executor.auth_check),
        "true needs serial: true and authCheck: false: a node refuses anything else",
    ),
    matches(Governor, "address", _ADDRESS, "must be 0x and 40 hex digits"),
    matches(Governor, "secretName", SUBDOMAIN, "must name a Secret"),
    matches(
        OnChain,
        "compatibilityVersion",
        VERSION,
        'must be X.Y.Z without a leading v, such as "3.16.4"',
    ),
    Rule(
        Peers,
        "allow",
        f"!has(self.allow) || self.allow.all(id, id.matches('^{_TLS_ID}$'))",
        lambda peers: all(re.fullmatch(_TLS_ID, id_) for id_ in peers.allow),
        _TLS_ID_HELP,
    ),
    Rule(
        Peers,
        "deny",
        f"!has(self.deny) || self.deny.all(id, id.matches('^{_TLS_ID}$'))",
        lambda peers: all(re.fullmatch(_TLS_ID, id_) for id_ in peers.deny),
        _TLS_ID_HELP,
    ),
)
