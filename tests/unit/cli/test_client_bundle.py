"""`consortium client-bundle`: what an application connects with, and what is never overwritten."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from consortium_operator.api.fisco_bcos import FiscoBcos, Rpc
from consortium_operator.chain.naming import ChildPart
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.java_sdk import config_toml
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, ObjectKey
from consortium_operator.manifests.identity import ClientKind, client_certificate, client_secret
from consortium_operator.manifests.metadata import disposable
from tests.chains import authority_register, plan, resource
from tests.fakes.cluster import FakeCluster
from tests.fakes.faults import Fault, on
from tests.unit.cli.cluster import connect_to
from tests.unit.cli.commands import Done, consortium

PLAN = plan()
WEBANK = next(one for one in PLAN.members if one.name == "webank")
KEY = b"not a key, but secret"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    found = FakeCluster()
    found.put(resource())
    found.put(client_secret(PLAN, WEBANK, ClientKind.SDK, PrivateFiles({"sdk.key": KEY})))
    public = client_certificate(PLAN, WEBANK, ClientKind.SDK, "leaf\n", [authority_register()])
    found.put(public)
    service = disposable(PLAN, WEBANK.names.rpc_service, ChildPart.RPC, WEBANK)
    spec = {"clusterIP": "10.96.0.7", "ports": [{"name": "rpc", "port": 20200}]}
    found.put({"apiVersion": "v1", "kind": "Service", "metadata": service, "spec": spec})

    connect_to(found, monkeypatch)
    return found


def bundle(directory: Path, *words: str, member: str = "webank") -> Done:
    return consortium("client-bundle", "trade", member, "-d", directory, *words)


def test_the_sdk_finds_its_files_and_the_members_nodes(there: FakeCluster, tmp_path: Path) -> None:
    home = tmp_path / "conf"
    done = bundle(home)
    assert done.code == 0
    assert (home / "sdk.key").read_bytes() == KEY
    assert (home / "sdk.crt").read_text() == "leaf\n"
    assert (home / "ca.crt").read_text() == authority_register().certificate
    config = tomllib.loads((home / "config.toml").read_text())
    assert config["cryptoMaterial"]["certPath"] == str(home)
    assert config["network"]["peers"] == ["10.96.0.7:20200"]
    assert config["network"]["defaultGroup"] == "group0"


def test_the_key_is_its_owners_alone_and_on_no_screen(there: FakeCluster, tmp_path: Path) -> None:
    done = bundle(tmp_path / "conf")
    assert (tmp_path / "conf" / "sdk.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "conf").stat().st_mode & 0o777 == 0o700
    assert KEY.decode() not in done.stdout + done.stderr


def test_a_second_time_brings_the_renewed_certificate_and_leaves_the_settings(
    there: FakeCluster, tmp_path: Path
) -> None:
    bundle(tmp_path)
    (tmp_path / "config.toml").write_text("mine")
    renewed = {"sdk.crt": "renewed\n"}
    there.edit(CONFIG_MAP, WEBANK.names.client, lambda obj: obj["data"].update(renewed))
    done = bundle(tmp_path)
    assert (tmp_path / "sdk.crt").read_text() == "renewed\n"
    assert (tmp_path / "config.toml").read_text() == "mine"
    assert "stays as it is" in done.stderr


def test_another_key_is_not_overwritten(there: FakeCluster, tmp_path: Path) -> None:
    (tmp_path / "sdk.key").write_bytes(b"somebody else's")
    done = bundle(tmp_path)
    assert done.code == 1
    assert "is another key: name another directory" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["sdk.key"]
    assert (tmp_path / "sdk.key").read_bytes() == b"somebody else's"


def test_an_application_elsewhere_names_its_own_way(there: FakeCluster, tmp_path: Path) -> None:
    done = bundle(tmp_path, "--peer", "trade.example:443", "-o", "json")
    assert done.json["peers"] == ["trade.example:443"]
    assert "trade.example:443" in (tmp_path / "config.toml").read_text()


@pytest.mark.parametrize("peer", ["trade.example", "https://trade.example:443", 'a"b:1', "a:0"])
def test_an_address_that_no_sdk_can_read_is_refused(
    there: FakeCluster, tmp_path: Path, peer: str
) -> None:
    done = bundle(tmp_path, "--peer", peer)
    assert (done.code, done.stderr) == (2, f"error: --peer {peer}: not HOST:PORT\n")
    assert list(tmp_path.iterdir()) == []


def test_without_a_right_on_the_secret_nothing_is_written(
    there: FakeCluster, tmp_path: Path
) -> None:
    key = ObjectKey(SECRET, "chains", WEBANK.names.client)
    refused = Forbidden(403, "Forbidden", "no", "get", key)
    there.faults.append(Fault(on("get", SECRET), error=lambda _: refused))
    done = bundle(tmp_path / "conf")
    assert done.code == 1
    assert "kubectl auth can-i --list" in done.stderr
    assert not (tmp_path / "conf").exists()


def test_a_secret_of_that_name_that_is_somebody_elses_is_not_handed_out(
    there: FakeCluster, tmp_path: Path
) -> None:
    def rename(obj: dict[str, Any]) -> None:
        obj["metadata"]["labels"]["consortium.dev/chain"] = "other"

    there.edit(SECRET, WEBANK.names.client, rename)
    done = bundle(tmp_path / "conf")
    assert done.code == 1
    assert "its labels say otherwise" in done.stderr


def test_a_member_that_is_not_there_is_told_with_those_that_are(
    there: FakeCluster, tmp_path: Path
) -> None:
    done = bundle(tmp_path, member="webnak")
    assert done.code == 1
    assert "it has: huawei, ping-an, tencent, webank" in done.stderr


def test_a_client_that_was_not_made_yet_names_what_to_look_at(
    there: FakeCluster, tmp_path: Path
) -> None:
    done = bundle(tmp_path, member="huawei")
    assert done.code == 1
    assert "kubectl consortium status trade --namespace chains" in done.stderr


def test_a_client_whose_certificate_was_taken_out_names_what_to_look_at(
    there: FakeCluster, tmp_path: Path
) -> None:
    there.edit(CONFIG_MAP, WEBANK.names.client, lambda obj: obj.pop("data"))
    done = bundle(tmp_path / "conf")
    assert done.code == 1
    assert "is not complete; see `kubectl consortium status trade --namespace" in done.stderr


def test_rpc_without_tls_is_told_to_the_sdk_and_any_directory_is_one_string() -> None:
    plain = FiscoBcos(rpc=Rpc(tls=False))
    config = tomllib.loads(config_toml(plain, 'a "b"\\城', ["[fd00::7]:20200"]))
    assert config["cryptoMaterial"]["disableSsl"] == "true"
    assert config["cryptoMaterial"]["certPath"] == 'a "b"\\城'
    assert config["network"]["peers"] == ["[fd00::7]:20200"]
