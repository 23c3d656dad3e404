"""What /metrics shows: the operator's own work. Names after the Prometheus conventions."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from consortium_operator.kube.kinds import Kind


@dataclass(slots=True)
class Metrics:
    """One registry for the process, injected so that tests do not share one."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    reconciles: Histogram = field(init=False)
    reconcile_errors: Counter = field(init=False)
    api_calls: Histogram = field(init=False)
    queue_depth: Gauge = field(init=False)
    chains: Gauge = field(init=False)

    def __post_init__(self) -> None:
        self.reconciles = Histogram(
            "consortium_reconcile_duration_seconds",
            "Duration of one round of reconcile.",
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
        self.queue_depth = Gauge(
            "consortium_queue_depth",
            "Chains that are being reconciled or wait for a worker.",
            registry=self.registry,
        )
        self.chains = Gauge(
            "consortium_chains",
            "ConsortiumChain resources that the operator knows.",
            registry=self.registry,
        )

    def observe_call(self, verb: str, kind: Kind, status: int, seconds: float) -> None:
        """Told by the client of every call."""
        self.api_calls.labels(verb, kind.kind, str(status)).observe(seconds)
