"""`consortium status`: what a person sees of a chain, and what is said where there is nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from consortium_operator.cli.live import LiveChain, LiveNode
from consortium_operator.cli.status_view import lines, view
from consortium_operator.kube.errors import ApiError, Forbidden, Unavailable
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, ObjectKey
from tests.unit.cli.cluster import Cluster
from tests.unit.cli.commands import consortium

KEY = ObjectKey(CONSORTIUM_CHAIN, "chains", "trade")

DOWN = """\
chains/trade: not Ready · 3/4 sealers live · node webank/shenzhen-0 is down
weight: 3 of 4 live, 3 needed, margin 0
height: 1234, as recorded up to ten minutes ago
live heights, lag, peers and leader are not shown: no operator with metrics is in the namespace \
consortium-system

MEMBER  NODE        ROLE    WEIGHT  STATE  CERTIFICATE UNTIL
webank  shenzhen-0  Sealer  1       Down   2027-08-01
webank  shenzhen-1  -       -       -      -

NodesReady=False/NodeDown
  node webank/shenzhen-0 is down

QuorumHealthy=True/WeightConcentration
  zone a holds 2 of 4
"""


def judged(type_: str, status: str, reason: str, message: str = "") -> dict[str, Any]:
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 1,
    }


def chain(*, generation: int = 1) -> dict[str, Any]:
    down = "node webank/shenzhen-0 is down"
    node = {"name": "shenzhen-0", "role": "Sealer", "weight": 1, "state": "Down"}
    status = {
        "observedGeneration": 1,
        "sealers": "3/4",
        "height": 1234,
        "quorum": {"totalWeight": 4, "required": 3, "live": 3, "margin": 0},
        "conditions": [
            judged("Ready", "False", "NodeDown", down),
            judged("Stalled", "False", "AsExpected"),
            judged("SpecValid", "True", "AsExpected"),
            judged("NodesReady", "False", "NodeDown", down),
            judged("QuorumHealthy", "True", "WeightConcentration", "zone a holds 2 of 4"),
        ],
        "members": [
            {
                "name": "webank",
                "nodes": [
                    node | {"certificateExpires": "2027-08-01T10:00:00Z"},
                    {"name": "shenzhen-1"},
                ],
            }
        ],
    }
    metadata = {"namespace": "chains", "name": "trade", "generation": generation}
    return {"metadata": metadata, "status": status}


@pytest.fixture
def there(there: Cluster) -> Cluster:
    there.answer = chain()
    return there


def test_people_read_the_sentence_the_nodes_and_what_is_not_as_it_should_be(
    there: Cluster,
) -> None:
    done = consortium("status", "trade")
    assert (done.code, done.stdout) == (0, DOWN)
    assert there.asked == [KEY]


def test_programs_read_the_same(there: Cluster) -> None:
    found = consortium("status", "trade", "-o", "json").json
    assert found == consortium("status", "trade", "-o", "yaml").yaml
    assert found["quorum"]["margin"] == 0
    assert [one["reason"] for one in found["concerns"]] == ["NodeDown", "WeightConcentration"]


LIVE = """\
chains/trade: not Ready · 3/4 sealers live · node webank/shenzhen-0 is down
weight: 3 of 4 live, 3 needed, margin 0
height: 1240, leader webank/shenzhen-0, - transactions wait, as of 2026-08-01T12:00:00Z

MEMBER  NODE        ROLE    WEIGHT  STATE  HEIGHT  LAG  PEERS  LEADER  CERTIFICATE UNTIL
webank  shenzhen-0  Sealer  1       Down   1238    2    3      leader  2027-08-01
webank  shenzhen-1  -       -       -      -       -    -      -       -
"""


def test_with_the_operators_metrics_heights_lag_peers_and_leader_are_there() -> None:
    node = LiveNode(1238, 2, 3, True, "Sealer", 1, None)
    at = datetime(2026, 8, 1, 12, tzinfo=UTC)
    live = LiveChain(1240, None, "webank/shenzhen-0", at, {("webank", "shenzhen-0"): node})
    text = "\n".join(lines(view(chain(), live)))
    assert text.startswith(LIVE)


def test_a_status_of_an_older_spec_is_told_as_such() -> None:
    text = "\n".join(lines(view(chain(generation=2), "no right")))
    assert "the operator has not judged the newest spec yet" in text


def test_a_fresh_chain_waits_for_the_operator() -> None:
    fresh = {"metadata": {"namespace": "chains", "name": "trade", "generation": 1}}
    first, *_ = lines(view(fresh, "no right"))
    assert first == "chains/trade: not Ready · no sealers live · waiting for the operator"


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    hostile = chain()
    hostile["status"]["conditions"][3]["message"] = "\x1b[2Jgone"
    assert not any("\x1b" in line for line in lines(view(hostile, "no right")))


@pytest.mark.parametrize(
    ("answer", "code", "hint"),
    [
        (None, 1, "no chain trade in the namespace chains"),
        (Forbidden(403, "Forbidden", "no", "get", KEY), 1, "kubectl auth can-i"),
        (
            ApiError(401, "Unauthorized", "Unauthorized", "get", KEY),
            1,
            "--context work auth whoami",
        ),
        (Unavailable(404, "NoAnswer", "no such page", "get", KEY), 1, "kubectl get crd"),
        (Unavailable(0, "NoAnswer", "refused", "get", KEY), 3, "kubectl --context work version"),
    ],
)
def test_where_there_is_nothing_to_show_the_next_step_is_named(
    there: Cluster, answer: ApiError | None, code: int, hint: str
) -> None:
    there.answer = answer
    done = consortium("status", "trade")
    assert (done.code, done.stdout) == (code, "")
    assert hint in done.stderr


def test_a_kubeconfig_that_is_not_there_is_a_mistake_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    done = consortium("status", "trade")
    assert done.code == 2
    assert "set KUBECONFIG" in done.stderr


def test_a_context_without_its_cluster_is_a_mistake_of_the_command_line_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = {"name": "work", "context": {"cluster": "gone", "user": "u"}}
    config = {
        "clusters": [],
        "users": [{"name": "u", "user": {}}],
        "contexts": [context],
        "current-context": "work",
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(path))
    done = consortium("status", "trade")
    assert (done.code, done.stdout) == (2, "")
    assert "set KUBECONFIG" in done.stderr
