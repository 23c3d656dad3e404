"""The Grafana dashboards: one chain, all chains, the operator. `make dashboards` writes them where
the chart packs them."""

import json
import sys
from pathlib import Path

from consortium_operator.metrics.grafana import (
    GREEN,
    Dashboard,
    Panel,
    Query,
    Steps,
    Variable,
    to_json,
)

_ONE = '{namespace="$namespace", chain="$chain"}'
_NODE = "{{member}}/{{node}}"
_CHAIN = "{{namespace}}/{{chain}}"

_GOOD_FROM_ONE: Steps = ((None, "red"), (1, "green"))
_MARGIN: Steps = ((None, "red"), (0, "orange"), (1, "green"))
_READY = ((0, "not Ready"), (1, "Ready"))


def _of_chain(name: str, more: str = "") -> str:
    """A series of the chain that was chosen. With two operators, the one that has told it."""
    by = ", ".join(("namespace", "chain", *filter(None, (more,))))
    return f"max by ({by}) (consortium_{name}{_ONE})"


def _of_nodes(name: str) -> str:
    return _of_chain(name, "member, node")


def _now(
    title: str,
    expr: str,
    *,
    unit: str = "none",
    steps: Steps = GREEN,
    words: tuple[tuple[int, str], ...] = (),
    description: str = "",
) -> Panel:
    """One number, as it is now."""
    return Panel(title, (Query(expr),), "stat", unit, 4, 4, description, steps, words)


def _nodes(title: str, name: str, unit: str = "none", description: str = "") -> Panel:
    return Panel(title, (Query(_of_nodes(name), _NODE),), unit=unit, description=description)


CHAIN = Dashboard(
    uid="consortium-chain",
    title="Consortium / Chain",
    description="One chain: does it make blocks, who takes part, what may still fail.",
    variables=(
        Variable("namespace", "label_values(consortium_chain_info, namespace)"),
        Variable("chain", 'label_values(consortium_chain_info{namespace="$namespace"}, chain)'),
    ),
    panels=(
        _now(
            "Ready",
            "max by (namespace, chain) (consortium_chain_condition"
            '{namespace="$namespace", chain="$chain", type="Ready", status="True"}) '
            f"or 0 * {_of_chain('chain_info')}",
            steps=_GOOD_FROM_ONE,
            words=_READY,
        ),
        _now("Height", _of_chain("chain_height_blocks")),
        _now(
            "Margin",
            _of_chain("chain_margin_weight"),
            steps=_MARGIN,
            description="The weight that may still be lost. Below 0 no block is made.",
        ),
        _now("Live sealers", _of_chain("chain_live_sealers")),
        _now(
            "Transactions that wait",
            _of_chain("chain_pending_transactions"),
        ),
        _now(
            "Last answer of a node",
            f"time() - {_of_chain('chain_last_read_timestamp_seconds')}",
            unit="s",
            steps=((None, "green"), (60, "orange"), (180, "red")),
        ),
        Panel(
            "Blocks a second",
            (Query(f"max by (chain) (deriv(consortium_chain_height_blocks{_ONE}[5m]))", "blocks"),),
        ),
        Panel(
            "Weight",
            (
                Query(_of_chain("chain_live_weight"), "live"),
                Query(_of_chain("chain_required_weight"), "required"),
                Query(_of_chain("chain_total_weight"), "total"),
            ),
        ),
        _nodes("Height by node", "node_height_blocks"),
        _nodes("Blocks behind the highest", "node_lag_blocks"),
        _nodes("Transactions that wait by node", "node_pending_transactions"),
        _nodes(
            "Peers", "node_peers", description="Nodes of the chain that a node is connected to."
        ),
        Panel(
            "View changes in 15 minutes",
            (
                Query(
                    f"max by (chain) (increase(consortium_chain_view_changes_total{_ONE}[15m]))",
                    "changes",
                ),
            ),
            description="A leader made no block in time, and the next one took over.",
        ),
        _nodes("Live", "node_live", description="1 where the node takes part."),
        Panel(
            "Nodes",
            (
                Query(
                    f"{_of_chain('node_state', 'member, node, state')} "
                    "* on (namespace, chain, member, node) group_left (role) "
                    f"{_of_chain('node_role', 'member, node, role')} "
                    "* on (namespace, chain, member, node) group_left () "
                    f"{_of_nodes('node_weight')}"
                ),
            ),
            kind="table",
            description="The value is the weight of the node's vote.",
        ),
        Panel(
            "Conditions",
            (Query(_of_chain("chain_condition", "type, status, reason")),),
            kind="table",
        ),
        Panel(
            "Certificates end in",
            (
                Query(
                    f"{_of_nodes('node_certificate_expiry_timestamp_seconds')} - time()",
                ),
            ),
            kind="table",
            unit="s",
        ),
        Panel(
            "CAs end in",
            (
                Query(
                    _of_chain("authority_certificate_expiry_timestamp_seconds", "member, authority")
                    + " - time()",
                ),
            ),
            kind="table",
            unit="s",
        ),
    ),
)

CHAINS = Dashboard(
    uid="consortium-chains",
    title="Consortium / Chains",
    description="All chains of the operator: which of them needs a look.",
    panels=(
        _now("Chains", "max(consortium_chains)"),
        _now(
            "Not Ready",
            "count(max by (namespace, chain) "
            '(consortium_chain_condition{type="Ready", status!="True"})) or vector(0)',
            steps=((None, "green"), (1, "orange")),
        ),
        _now(
            "Without a quorum",
            "count(max by (namespace, chain) "
            '(consortium_chain_condition{type="QuorumHealthy", status="False"})) or vector(0)',
            steps=((None, "green"), (1, "red")),
        ),
        _now(
            "Nodes down",
            "count(max by (namespace, chain, member, node) (consortium_node_up) == 0) or vector(0)",
            steps=((None, "green"), (1, "orange")),
        ),
        _now(
            "Wait for a person",
            "count(max by (namespace, chain) "
            '(consortium_chain_condition{type="Stalled", status="True"})) or vector(0)',
            steps=((None, "green"), (1, "orange")),
        ),
        _now(
            "First certificate to end",
            "min(consortium_node_certificate_expiry_timestamp_seconds) - time()",
            unit="s",
            steps=((None, "red"), (86400, "orange"), (7 * 86400, "green")),
        ),
        Panel(
            "Ready",
            (
                Query(
                    "max by (namespace, chain, status, reason) "
                    '(consortium_chain_condition{type="Ready"})'
                ),
            ),
            kind="table",
        ),
        Panel(
            "Margin",
            (Query("max by (namespace, chain) (consortium_chain_margin_weight)", _CHAIN),),
            description="The weight that a chain may still lose. Below 0 it makes no block.",
        ),
        Panel(
            "Blocks a second",
            (
                Query(
                    "max by (namespace, chain) (deriv(consortium_chain_height_blocks[5m]))",
                    _CHAIN,
                ),
            ),
        ),
        Panel(
            "Transactions that wait",
            (
                Query(
                    "max by (namespace, chain) (consortium_chain_pending_transactions)",
                    _CHAIN,
                ),
            ),
        ),
        Panel(
            "Farthest behind",
            (Query("max by (namespace, chain) (consortium_node_lag_blocks)", _CHAIN),),
        ),
        Panel(
            "View changes in 15 minutes",
            (
                Query(
                    "max by (namespace, chain) "
                    "(increase(consortium_chain_view_changes_total[15m]))",
                    _CHAIN,
                ),
            ),
        ),
    ),
)

OPERATOR = Dashboard(
    uid="consortium-operator",
    title="Consortium / Operator",
    description="The operator's own work: rounds, calls to the Kubernetes API, queue, process.",
    panels=(
        Panel(
            "Rounds a second",
            (
                Query(
                    "sum(rate(consortium_reconcile_duration_seconds_count[$__rate_interval]))",
                    "rounds",
                ),
                Query(
                    "sum(rate(consortium_reconcile_errors_total[$__rate_interval]))",
                    "errors",
                ),
            ),
        ),
        Panel(
            "Duration of a round",
            tuple(
                Query(
                    f"histogram_quantile({share}, sum by (le) "
                    "(rate(consortium_reconcile_duration_seconds_bucket[$__rate_interval])))",
                    f"{share:.0%}",
                )
                for share in (0.5, 0.95, 0.99)
            ),
            unit="s",
        ),
        Panel(
            "Calls to the Kubernetes API",
            (
                Query(
                    "sum by (verb, kind) (rate("
                    "consortium_kubernetes_request_duration_seconds_count[$__rate_interval]))",
                    "{{verb}} {{kind}}",
                ),
            ),
            unit="reqps",
        ),
        Panel(
            "Calls that failed",
            (
                Query(
                    "sum by (status) (rate(consortium_kubernetes_request_duration_seconds_count"
                    '{status!~"2.."}[$__rate_interval])) or vector(0)',
                    "{{status}}",
                ),
            ),
            unit="reqps",
            description="Status 0 is no answer. A 404 or 409 may be part of the work.",
        ),
        Panel(
            "Duration of a call",
            (
                Query(
                    "histogram_quantile(0.99, sum by (verb, le) (rate("
                    "consortium_kubernetes_request_duration_seconds_bucket"
                    "[$__rate_interval])))",
                    "99% of {{verb}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            "Queue",
            (
                Query("sum(consortium_queue_depth)", "run or wait"),
                Query("sum(consortium_queue_waiting)", "wait for a worker"),
                Query("sum(consortium_queue_failing)", "failed and are tried again"),
            ),
        ),
        Panel(
            "Oldest round",
            (
                Query(
                    "time() - min(consortium_chain_last_reconcile_timestamp_seconds)",
                    "seconds ago",
                ),
            ),
            unit="s",
            description="Of the chain that was looked after longest ago.",
        ),
        Panel(
            "Lag of the event loop",
            (Query("max(consortium_event_loop_lag_seconds)", "lag"),),
            unit="s",
        ),
        Panel(
            "Memory",
            (
                Query(
                    "max by (version) (consortium_operator_info * on (instance) "
                    "group_left () process_resident_memory_bytes)",
                    "{{version}}",
                ),
            ),
            unit="bytes",
        ),
        Panel(
            "CPU",
            (
                Query(
                    "max by (version) (consortium_operator_info * on (instance) "
                    "group_left () rate(process_cpu_seconds_total[$__rate_interval]))",
                    "{{version}}",
                ),
            ),
            unit="percentunit",
        ),
    ),
)

DASHBOARDS = (CHAIN, CHAINS, OPERATOR)


def render(dashboard: Dashboard) -> str:
    """The file."""
    return json.dumps(to_json(dashboard), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> None:
    """Writes each dashboard into the one directory given."""
    if len(arguments) != 1:
        sys.exit("usage: python -m consortium_operator.metrics.dashboards DIRECTORY")
    directory = Path(arguments[0])
    directory.mkdir(parents=True, exist_ok=True)
    for dashboard in DASHBOARDS:
        path = directory / f"{dashboard.uid}.json"
        path.write_text(render(dashboard), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
