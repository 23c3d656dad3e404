"""Where the client finds the API server and its own credentials."""

import asyncio
import datetime
import gc
import ipaddress
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kubernetes.aio.config import ConfigException, incluster_config

from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.kinds import CONFIG_MAP
from consortium_operator.kube.transport import open_api


def certificate() -> tuple[bytes, bytes]:
    """A self-signed certificate of a server on this machine, and its key: PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cluster")])
    start = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(start).not_valid_after(start.replace(year=2126))
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = builder.add_extension(here, critical=False).sign(key, hashes.SHA256())
    return (
        signed.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


class Clock:
    now_is = datetime.datetime(2026, 1, 1)

    @classmethod
    def now(cls) -> datetime.datetime:
        return cls.now_is


@pytest.fixture
def rotate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """The files of a service account; returns what gives it another token."""
    token, authority = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("first")
    authority.write_bytes(certificate()[0])
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(authority))
    times = SimpleNamespace(datetime=Clock, timedelta=datetime.timedelta)
    monkeypatch.setattr(incluster_config, "datetime", times)
    return token.write_text


async def test_the_pods_token_is_read_again_when_it_has_rotated(
    rotate: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_api(None) as api:
        assert api.configuration.host == "https://10.96.0.1:443"

        async def authorization() -> str:
            headers: dict[str, str] = {}
            await api.update_params_for_auth(headers, [], ["BearerToken"], "/", "GET", None)
            return headers["authorization"]

        assert await authorization() == "bearer first"
        rotate("second")
        monkeypatch.setattr(Clock, "now_is", Clock.now_is + datetime.timedelta(minutes=2))
        assert await authorization() == "bearer second"


async def test_outside_a_pod_and_without_a_kubeconfig_there_is_no_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigException):
        async with open_api(None):
            pass


class SilentServer:
    """Takes connections and falls silent: after `words` of its half of the conversation.

    In a thread of its own, since a server in the client's event loop is never slower than it.
    """

    def __init__(self, directory: Path, words: int) -> None:
        self._words = words
        self._directory = directory
        certificate_file, key_file = directory / "tls.crt", directory / "tls.key"
        for file, content in zip((certificate_file, key_file), certificate(), strict=True):
            file.write_bytes(content)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate_file, key_file)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._taken: list[socket.socket] = []
        self.is_silent = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        taken, _ = self._listener.accept()
        self._taken.append(taken)
        if self._words > 0:
            taken = self._tls.wrap_socket(taken, server_side=True)
            self._taken.append(taken)
        if self._words > 1:
            taken.recv(65536)
            taken.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.is_silent.set()

    @property
    def kubeconfig(self) -> Path:
        server = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        cluster = {"server": server, "certificate-authority": str(self._directory / "tls.crt")}
        config = {
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": [{"name": "me", "user": {"token": "the-token"}}],
        }
        path = self._directory / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path

    def close(self) -> None:
        self._thread.join()
        for one in (*self._taken, self._listener):
            one.close()


@pytest.fixture(params=[0, 1, 2], ids=["before TLS", "before the answer", "in the middle of it"])
def silent(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SilentServer]:
    server = SilentServer(tmp_path, request.param)
    yield server
    server.close()


def test_a_closed_client_leaves_no_connection_behind(silent: SilentServer) -> None:
    """However far a watch has come that is cancelled, and though the server says no goodbye."""

    async def follow(client: KubeClient) -> None:
        async for _ in client.watch(CONFIG_MAP, resource_version="1"):
            pass

    async def watch_a_moment() -> None:
        async with KubeClient.connect(silent.kubeconfig) as client:
            watch = asyncio.create_task(follow(client))
            await asyncio.to_thread(silent.is_silent.wait)
            await asyncio.sleep(0.05)
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    asyncio.run(watch_a_moment())
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gc.collect()
    assert [str(one.message) for one in told] == []
