"""Who is connected to whom, by the certificates that processes have read at their start.

A connection that stands outlives the certificates it was made with. A new one needs that either
end accepts the other's: in time, and from a CA of the trust directory, which is read live.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from cryptography import x509

from consortium_operator.engines.protocol import ClientIdentity
from consortium_operator.kube.kinds import CONFIG_MAP, JsonObject
from tests.fakes.cluster import FakeCluster
from tests.fakes.pods import chain_of


@cache
def _certificates(pem: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem.encode())


@cache
def _is_issued_by(leaf: str, authorities: tuple[str, ...]) -> bool:
    """Whether a path leads from the leaf, by those that follow it, to one of the authorities."""
    *path, last = _certificates(leaf)
    above = [*path[1:], last] if path else []
    pairs = zip([*path, last], above, strict=False)
    return all(_signed(one, by) for one, by in pairs) and any(
        _signed(last, authority) for pem in authorities for authority in _certificates(pem)
    )


def _signed(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except Exception:
        return False
    return True


@dataclass(slots=True)
class Links:
    """`clock`: the nodes' own, which may differ from the operator's."""

    cluster: FakeCluster
    clock: Callable[[], datetime]
    _read: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _standing: set[frozenset[str]] = field(default_factory=set)

    def copy(self, cluster: FakeCluster, clock: Callable[[], datetime]) -> "Links":
        return Links(cluster, clock, dict(self._read), set(self._standing))

    def cut(self) -> None:
        """Every connection breaks, as when the network did."""
        self._standing.clear()

    def connects(self, one: JsonObject, other: JsonObject) -> bool:
        """Whether two processes that run are connected, or connect now."""
        pair = frozenset({one["metadata"]["uid"], other["metadata"]["uid"]})
        if pair not in self._standing and self._accepts(one, other) and self._accepts(other, one):
            self._standing.add(pair)
        return pair in self._standing

    def lets_in(self, pod: JsonObject, client: ClientIdentity) -> bool:
        """Whether RPC takes the client's certificate."""
        files = self._files(pod)
        return self._in_time(client.certificate) and _is_issued_by(
            client.certificate, (files["ca.crt"],)
        )

    def _accepts(self, host: JsonObject, guest: JsonObject) -> bool:
        shown = self._files(guest)
        if "sm_ssl.crt" in shown:
            return True  # whose signatures the library cannot check
        chain, namespace = chain_of(host)
        trust = self.cluster.find(CONFIG_MAP, f"{chain}-trust", namespace)
        trusted = tuple(sorted(trust["data"].values())) if trust is not None else ()
        return self._in_time(shown["ssl.crt"]) and _is_issued_by(shown["ssl.crt"], trusted)

    def _in_time(self, pem: str) -> bool:
        now = self.clock()
        leaf = _certificates(pem)[0]
        return leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc

    def _files(self, pod: JsonObject) -> Mapping[str, str]:
        uid, namespace = pod["metadata"]["uid"], pod["metadata"]["namespace"]
        if uid not in self._read:
            found = self.cluster.find(CONFIG_MAP, certificates_of(pod), namespace)
            assert found is not None
            self._read[uid] = found["data"]
        return self._read[uid]


def certificates_of(pod: JsonObject) -> str:
    """The ConfigMap with a pod's certificates."""
    name: str = next(
        source["configMap"]["name"]
        for volume in pod["spec"]["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
        if any(item["key"] == "ssl.crt" for item in source.get("configMap", {}).get("items", ()))
    )
    return name
