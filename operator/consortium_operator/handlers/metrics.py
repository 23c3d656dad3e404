"""What /metrics tells of the operator's own work. Names after the Prometheus conventions; those of
the chains are in `metrics/catalogue.py`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from consortium_operator.kube.kinds import Kind
from consortium_operator.reconcile.queue import ReconcileQueue

# A round asks nodes that may be silent, and founds whole chains: longer than a web request.
_ROUND_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120)
_WAIT_SECONDS = (0.1, 1, 5, 15, 60, 300)


@dataclass(slots=True)
class Metrics:
    """One registry for the process, injected so that tests do not share one."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    reconciles: Histogram = field(init=False)
    reconcile_errors: Counter = field(init=False)
    api_calls: Histogram = field(init=False)
    queue_waits: Histogram = field(init=False)
    chains: Gauge = field(init=False)
    active: Gauge = field(init=False)

    def __post_init__(self) -> None:
        ProcessCollector(registry=self.registry)
        _tell_version(self.registry)
        self.reconciles = Histogram(
            "consortium_reconcile_duration_seconds",
            "Duration of one round of reconcile.",
            buckets=_ROUND_SECONDS,
            registry=self.registry,
        )
        self.reconcile_errors = Counter(
            "consortium_reconcile_errors",
            "Rounds of reconcile that ended in an error.",
            registry=self.registry,
        )
        self.api_calls = Histogram(
            "consortium_kubernetes_request_duration_seconds",
            "Duration of calls to the Kubernetes API; status 0 is no answer.",
            labelnames=("verb", "kind", "status"),
            registry=self.registry,
        )
        self.queue_waits = Histogram(
            "consortium_queue_wait_seconds",
            "How long a chain waited for a worker before its round began.",
            buckets=_WAIT_SECONDS,
            registry=self.registry,
        )
        self.chains = Gauge(
            "consortium_chains",
            "ConsortiumChain resources that the operator knows.",
            registry=self.registry,
        )
        self.active = Gauge(
            "consortium_operator_active",
            "1 where this process reconciles, 0 where it waits for the Lease of another.",
            registry=self.registry,
        )

    def observe_call(self, verb: str, kind: Kind, status: int, seconds: float) -> None:
        """Told by the client of every call."""
        self.api_calls.labels(verb, kind.kind, str(status)).observe(seconds)

    def follow(self, queue: ReconcileQueue, lag: Callable[[], float]) -> None:
        """Looks up, whenever somebody asks, how the queue and the event loop are."""
        gauges: dict[str, tuple[str, Callable[[], float]]] = {
            "consortium_queue_depth": (
                "Chains that are being reconciled or wait for a worker.",
                lambda: queue.depth,
            ),
            "consortium_queue_waiting": (
                "Chains that wait for a worker.",
                lambda: queue.waiting,
            ),
            "consortium_queue_failing": (
                "Chains whose last round failed, and which are tried again.",
                lambda: queue.failing,
            ),
            "consortium_event_loop_lag_seconds": (
                "How late the operator's event loop is.",
                lag,
            ),
        }
        for name, (meaning, value) in gauges.items():
            Gauge(name, meaning, registry=self.registry).set_function(value)


def _tell_version(registry: CollectorRegistry) -> None:
    Gauge(
        "consortium_operator_info",
        "Always 1; the operator's version.",
        labelnames=("version",),
        registry=registry,
    ).labels(version("consortium-operator")).set(1)
