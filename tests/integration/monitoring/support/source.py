"""In the operator's place: serves /metrics of a scene, made by the operator's own code."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from consortium_operator.handlers.chain_metrics import ChainMetrics
from consortium_operator.handlers.metrics import Metrics
from consortium_operator.kube.kinds import SECRET
from consortium_operator.reconcile.queue import ReconcileQueue
from tests.integration.monitoring.support.scenes import Seen, broken, this_moment, well


async def _nothing(_key: object) -> None:
    """No chain is reconciled here."""


class _Queue(ReconcileQueue):
    """`behind`: chains that wait for a worker."""

    behind = 0

    @property
    def waiting(self) -> int:
        return self.behind


class Source:
    """`is_there`: whether it answers. `is_well`: which scene it shows."""

    def __init__(self) -> None:
        self.is_there = self.is_well = True
        self._tick = 0
        self._queue = _Queue(_nothing)
        self._metrics, self._chains = Metrics(), ChainMetrics()
        self._metrics.registry.register(self._chains)
        self._metrics.follow(self._queue, lambda: 0.0)

    def text(self) -> bytes:
        """Each call goes on a step."""
        self._tick += 1
        for key, seen in self._scene():
            self._chains.observe(key, seen)
        self._metrics.chains.set(1)
        self._metrics.active.set(1)
        self._metrics.reconciles.observe(0.1)
        self._metrics.observe_call("get", SECRET, 200, 0.01)
        self._queue.behind = 0 if self.is_well else 3
        if not self.is_well:
            self._metrics.observe_call("get", SECRET, 503, 0.01)
            self._metrics.reconcile_errors.inc(5)
        return generate_latest(self._metrics.registry)

    def _scene(self) -> Seen:
        now = this_moment()
        return well(now) if self.is_well else broken(now, self._tick)


@contextmanager
def served(source: Source) -> Iterator[str]:
    """Its host:port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not source.is_there:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.end_headers()
            self.wfile.write(source.text())

        def log_message(self, *_: object) -> None:
            """Not of every scrape."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
