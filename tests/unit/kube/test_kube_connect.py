"""Where the client finds the API server and its own credentials."""

import datetime
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kubernetes.aio.config import ConfigException, incluster_config

from consortium_operator.kube.transport import open_api


def certificate() -> bytes:
    """Some self-signed CA certificate, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cluster")])
    start = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=9))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


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
    authority.write_bytes(certificate())
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
