"""`consortium report`: everything that helps, and no key, wherever one has slipped in."""

import asyncio
import base64
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from consortium_operator.cli.report import command
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, EVENT, POD, SECRET, JsonObject
from tests.chains import plan
from tests.leaks import Leak, Scanner
from tests.unit.cli.cluster import connect_to
from tests.unit.cli.commands import Done, consortium
from tests.unit.cli.doctor.healthy import chain
from tests.unit.cli.person import PersonCluster
from tests.whole_chain import whole_chain

CANARY = ec.generate_private_key(ec.SECP256K1())
PEM = CANARY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
DER = CANARY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
NODE = "trade-webank-node-0"


def pod() -> JsonObject:
    env = [{"name": "DB_PASSWORD", "value": "hunter22"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{NODE}-0",
            "namespace": "chains",
            "labels": {"consortium.dev/chain": "trade"},
            "annotations": {"note": base64.b64encode(DER).decode()},
        },
        "spec": {"containers": [{"name": "node", "image": "x", "env": env}]},
        "status": {"containerStatuses": [{"name": "node", "restartCount": 1}]},
    }


def event() -> JsonObject:
    return {
        "metadata": {"name": "e1", "namespace": "chains"},
        "involvedObject": {"kind": "ConsortiumChain", "name": "trade"},
        "lastTimestamp": "2026-08-01T10:00:00Z",
        "message": f"cannot use {PEM}",
    }


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PersonCluster:
    """A chain with a canary in everything that is text."""
    found = PersonCluster()
    for obj in (chain(), *whole_chain(plan())):
        found.put(obj)
    found.put(pod())
    found.edit(POD, f"{NODE}-0", lambda obj: obj.update(status=pod()["status"]))
    leaky = next(o for o in whole_chain(plan()) if o["metadata"]["name"] == f"{NODE}-peers")
    leaky["data"] = {"nodes.json": "{}", "left-over.pem": PEM}
    found.put(leaky)
    found.others[EVENT] = [event()]
    found.logs_of = {f"{NODE}-0": "".join(f"12:00 {line}\n" for line in PEM.splitlines())}
    found.before = {f"{NODE}-0": f"key={base64.b64encode(PEM.encode()).decode()}\n"}
    connect_to(found, monkeypatch)
    monkeypatch.chdir(tmp_path)
    return found


def written(path: Path = Path("trade-report.tar.gz")) -> Iterator[tuple[str, str]]:
    with tarfile.open(path) as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            assert content is not None
            yield entry.name.removeprefix("trade-report/"), content.read().decode()


def leaks() -> list[Leak]:
    scanner = Scanner()
    scanner.add("canary", PEM.encode())
    return [leak for name, text in written() for leak in scanner.scan(text, name)]


def report(*words: object) -> Done:
    return consortium("report", "trade", *words)


def test_no_key_leaves_the_cluster_wherever_one_has_slipped_in(there: PersonCluster) -> None:
    assert report().code == 0
    assert leaks() == []
    assert not any("hunter22" in text for _, text in written())


def test_a_report_without_redaction_would_be_caught(
    there: PersonCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "redacted", lambda text: text)
    report()
    places = {leak.place for leak in leaks()}
    assert places >= {
        "events.yaml",
        f"logs/{NODE}-0.log",
        f"logs/{NODE}-0.previous.log",
        f"objects/ConfigMap/{NODE}-peers.yaml",
        f"objects/Pod/{NODE}-0.yaml",
    }


def test_no_secret_is_asked_for(there: PersonCluster) -> None:
    report()
    assert SECRET not in there.listed
    assert not any(call.key.kind == SECRET for call in there.calls if hasattr(call.key, "kind"))
    assert not any(name.startswith("objects/Secret") for name, _ in written())


def test_it_holds_what_somebody_far_away_needs(there: PersonCluster) -> None:
    report()
    names = {name for name, _ in written()}
    assert names >= {
        "README.txt",
        "missing.txt",
        "chain.yaml",
        "status.txt",
        "doctor.yaml",
        "events.yaml",
        f"objects/StatefulSet/{NODE}.yaml",
        "objects/ConfigMap/trade-journal.yaml",
    }


def test_what_could_not_be_read_is_told_and_the_rest_is_there(there: PersonCluster) -> None:
    there.refused[EVENT] = Forbidden(403, "Forbidden", "no", "list", EVENT)
    done = report("-o", "json")
    assert done.code == 0
    assert "events.yaml: you may not list events in chains" in done.json["missing"]
    assert "not in it: events.yaml" in done.stderr
    assert "events.yaml: you may not" in dict(written())["missing.txt"]


def test_all_logs_are_asked_for_at_once_since_a_dead_host_is_waited_for(
    there: PersonCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = asyncio.Barrier(2)

    async def log_tail(*_: object, **__: object) -> str:
        async with asyncio.timeout(5):
            await both.wait()
        return "a line\n"

    monkeypatch.setattr(there, "log_tail", log_tail)
    assert report().code == 0
    logs = [name for name, _ in written() if name.startswith("logs/")]
    assert logs == [f"logs/{NODE}-0.log", f"logs/{NODE}-0.previous.log"]


def test_a_file_that_is_there_is_not_overwritten(there: PersonCluster) -> None:
    Path("mine.tar.gz").write_text("mine")
    done = report("--file", "mine.tar.gz")
    assert done.code == 1
    assert "mine.tar.gz is there" in done.stderr
    assert Path("mine.tar.gz").read_text() == "mine"


def test_a_directory_that_is_not_there_is_told_before_anything_is_gathered(
    there: PersonCluster,
) -> None:
    done = report("--file", "none/trade.tar.gz")
    assert (done.code, there.calls) == (1, [])
    assert "none is no directory" in done.stderr


def test_it_is_its_owners_alone(there: PersonCluster) -> None:
    report()
    assert Path("trade-report.tar.gz").stat().st_mode & 0o777 == 0o600


def test_a_chain_that_is_not_there_makes_no_file(there: PersonCluster) -> None:
    there.delete_by_hand(CONSORTIUM_CHAIN, "trade")
    assert report().code == 1
    assert list(Path().iterdir()) == []
