"""Asks the sandbox's own API server whether it is ready, and applies the few objects it needs.

Plain HTTPS with the standard library: `up` of a healthy sandbox must answer in a moment, and
a Kubernetes client takes longer to import than all of its questions take.
"""

import http.client
import json
import ssl
from collections.abc import Iterable
from typing import Any

from consortium_sandbox.embedded.layout import Layout
from consortium_sandbox.embedded.topology import API_PORT, Topology
from consortium_sandbox.errors import SandboxError

Manifest = dict[str, Any]
_FIELD_MANAGER = "consortium-sandbox"


class ApiServer:
    """The API server of one sandbox, with the administrator's certificate.

    Every method answers "no" or raises SandboxError where the server does not; none waits.
    """

    def __init__(self, layout: Layout, topology: Topology, timeout: float = 5.0) -> None:
        self._layout = layout
        self._host = topology.host_facing
        self._timeout = timeout

    def ready(self) -> bool:
        return self._answers_ok("/readyz")

    def ready_nodes(self, among: Iterable[str]) -> set[str]:
        """Those of the named nodes that are Ready and whose kubelets answer."""
        said = self.nodes_said_ready() & set(among)
        return {name for name in said if self._kubelet_answers(name)}

    def exists(self, path: str) -> bool:
        return self._answers_ok(path)

    def apply(self, path: str, manifest: Manifest) -> None:
        """Server-side apply of one object at `path`. Raises SandboxError with the answer."""
        query = f"{path}?fieldManager={_FIELD_MANAGER}&force=true"
        status, body = self._request("PATCH", query, json.dumps(manifest))
        if status not in {200, 201}:
            raise SandboxError(f"the API server answered {status} to {path}: {body[:300]}")

    def nodes_said_ready(self) -> set[str]:
        """Names of all nodes with the condition Ready, fake ones too."""
        status, body = self._request("GET", "/api/v1/nodes")
        if status != 200:
            return set()
        return {
            node["metadata"]["name"]
            for node in json.loads(body)["items"]
            if any(
                condition["type"] == "Ready" and condition["status"] == "True"
                for condition in node.get("status", {}).get("conditions", [])
            )
        }

    def _kubelet_answers(self, node: str) -> bool:
        """Whether the API server reaches the node's kubelet and that is well.

        Its Ready condition alone says nothing yet: it stays true for 40 s after a kubelet died.
        """
        return self._answers_ok(f"/api/v1/nodes/{node}/proxy/healthz")

    def _answers_ok(self, path: str) -> bool:
        return self._request("GET", path)[0] == 200

    def _request(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        """Status and body; status 0 where the server cannot be reached."""
        headers = {"Content-Type": "application/apply-patch+yaml"} if body else {}
        try:
            connection = http.client.HTTPSConnection(
                self._host, API_PORT, timeout=self._timeout, context=self._context()
            )
        except FileNotFoundError:  # no certificates yet
            return 0, ""
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error)
        finally:
            connection.close()

    def _context(self) -> ssl.SSLContext:
        pki = self._layout.pki
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        return context
