"""What a shell offers behind Tab: names from the cluster, and silently nothing where it cannot."""

import os
import sys
from pathlib import Path

import pytest

from consortium_operator.cli import completion, kubectl_completion
from consortium_operator.kube.caller import NoTarget, Target
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN
from tests.chains import member, node, resource
from tests.unit.cli.cluster import connect_to
from tests.unit.cli.person import PersonCluster


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> PersonCluster:
    found = PersonCluster()
    found.put(resource(member("webank", node("shenzhen", count=2)), member("huawei")))
    found.put(resource(name="trust"))
    connect_to(found, monkeypatch)
    monkeypatch.setattr(completion, "find_target", lambda *_: Target(Path("c"), "w", "chains"))
    return found


def offered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> list[str]:
    """What kubectl shows for these words, the last of which is unfinished."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-consortium", *words])
    with pytest.raises(SystemExit):
        kubectl_completion.main()
    shown = capsys.readouterr()
    assert shown.err == ""
    *names, end = shown.out.splitlines()
    assert end == ":4"
    return [name for name in names if name]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("sta",), ["status"]),
        (("status", ""), ["trade", "trust"]),
        (("status", "tra"), ["trade"]),
        (("doctor", "tru"), ["trust"]),
        (("restart", "trade", "web"), ["webank/shenzhen-0", "webank/shenzhen-1"]),
        (("client-bundle", "trade", ""), ["huawei", "webank"]),
        (("logs", "trade", "--member", "w"), ["webank"]),
        (("restart", "nobody", ""), []),
    ],
)
def test_names_come_from_the_cluster(
    there: PersonCluster,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    names: list[str],
) -> None:
    assert offered(monkeypatch, capsys, *words) == names


def test_where_the_cluster_cannot_be_asked_nothing_is_offered_and_nothing_said(
    there: PersonCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there.refused[CONSORTIUM_CHAIN] = Forbidden(403, "Forbidden", "no", "list", CONSORTIUM_CHAIN)
    assert offered(monkeypatch, capsys, "status", "") == []

    def nowhere(*_: object) -> Target:
        raise NoTarget("no kubeconfig")

    monkeypatch.setattr(completion, "find_target", nowhere)
    assert offered(monkeypatch, capsys, "status", "") == []
