"""`consortium logs`: what all nodes of a chain write, as one story."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from consortium_operator.cli import logs
from consortium_operator.cli.logs_view import seconds_of
from consortium_operator.kube.errors import ApiError, Forbidden, Invalid, Unavailable
from consortium_operator.kube.kinds import POD, ObjectKey
from tests import chains
from tests.unit.cli.cluster import Cluster
from tests.unit.cli.commands import consortium

FIRST = "info|2026-11-27 10:00:01.000001|th-1|[GATEWAY]heartBeat,connected count=3"
SECOND = "warning|2026-11-27 10:00:02.000001|th-1|[PBFT]a|b"
THIRD = "error|2026-11-27 10:00:03.000001|th-1|[RPC]no"
HUAWEI = ObjectKey(POD, "chains", "trade-huawei-node-0-0")


def pod(
    member: str, uid: str = "1", container: str = "a", state: dict[str, Any] | None = None
) -> dict[str, Any]:
    name = f"trade-{member}-node-0"
    status = {"name": "node", "containerID": container, "state": state or {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-0",
            "namespace": "chains",
            "uid": f"{member}-{uid}",
            "labels": {"consortium.dev/node": name},
        },
        "status": {"containerStatuses": [status]},
    }


@pytest.fixture
def there(there: Cluster) -> Cluster:
    there.answer = chains.resource(engine="FiscoBcos")
    there.listed = [pod("webank"), pod("huawei"), pod("gone")]
    there.written = {
        "trade-huawei-node-0-0": [SECOND],
        "trade-webank-node-0-0": [FIRST, THIRD, "std::exception::what: \x1b[2J"],
        "trade-gone-node-0-0": [],
    }
    return there


STORY = """\
webank/node-0      2026-11-27 10:00:01.000001  info     [GATEWAY]heartBeat,connected count=3
huawei/node-0      2026-11-27 10:00:02.000001  warning  [PBFT]a|b
webank/node-0      2026-11-27 10:00:03.000001  error    [RPC]no
webank/node-0      -  -        std::exception::what: ?[2J
"""


def test_lines_of_all_nodes_are_told_by_time_with_the_node_before_them(there: Cluster) -> None:
    done = consortium("logs", "trade")
    assert (done.code, done.stdout) == (0, STORY)
    assert there.followed == [("node", 600, False)] * 3


def test_programs_read_the_parts(there: Cluster) -> None:
    first, *_, last = consortium("logs", "trade", "-o", "json").json
    text = "[GATEWAY]heartBeat,connected count=3"
    time = "2026-11-27 10:00:01.000001"
    assert first == {"node": "webank/node-0", "time": time, "level": "info", "text": text}
    assert (last["time"], last["level"]) == (None, None)


def test_a_level_leaves_the_milder_ones_out_and_nothing_that_has_none(there: Cluster) -> None:
    done = consortium("logs", "trade", "--level", "error", "-o", "yaml")
    assert [one["level"] for one in done.yaml] == ["error", None]


def test_a_member_or_a_node_is_asked_for_by_its_label(there: Cluster) -> None:
    consortium("logs", "trade", "--member", "webank")
    consortium("logs", "trade", "--node", "webank/node-0", "--since", "1h")
    chain = "consortium.dev/chain=trade,consortium.dev/part=node"
    assert there.selectors == [
        (POD, "chains", f"{chain},consortium.dev/member=webank"),
        (POD, "chains", f"{chain},consortium.dev/node=trade-webank-node-0"),
    ]
    assert there.followed[-1] == ("node", 3600, False)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks for nodes that have started anew."""
    monkeypatch.setattr(logs, "_EVERY", 0)


def test_silence_is_told_with_where_else_to_look(there: Cluster) -> None:
    there.written = {pod: [] for pod in there.written}
    done = consortium("logs", "trade", "-o", "json")
    assert (done.code, done.json) == (0, [])
    assert "look further back with --since" in done.stderr


@pytest.mark.parametrize(
    "error",
    [
        Invalid(400, "BadRequest", "waiting to start", "logs", HUAWEI),
        Unavailable(500, "InternalError", "dial tcp 10.0.0.5:10250: no route", "logs", HUAWEI),
    ],
    ids=["not started", "its host is away"],
)
def test_a_node_whose_log_is_not_to_be_had_does_not_keep_the_others_from_speaking(
    there: Cluster, error: ApiError
) -> None:
    there.written[HUAWEI.name] = error
    done = consortium("logs", "trade")
    assert done.code == 0
    assert len(done.stdout.splitlines()) == 3
    assert f"huawei/node-0: {error.message}" in done.stderr


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "again",
    [pod("webank", container="b"), pod("webank", uid="2"), pod("huawei")],
    ids=["another container", "another pod", "a node that joins"],
)
def test_a_log_that_is_followed_goes_on_with_the_next_container(
    there: Cluster, again: dict[str, Any]
) -> None:
    there.listed = [pod("webank")]
    there.next_lists = [[pod("webank")], [again], [again]]
    done = consortium("logs", "trade", "--follow")
    assert done.code == 0
    assert there.followed == [("node", 600, True)] * 2
    assert "webank/node-0: its log has ended" in done.stderr
    assert FIRST.rpartition("|")[2] in done.stdout


AWAY = Unavailable(500, "InternalError", "dial tcp 10.0.0.5:10250: no route", "logs", HUAWEI)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("cut", [[AWAY], []], ids=["its host was away", "its kubelet restarted"])
def test_a_container_that_runs_on_is_followed_again_from_where_its_stream_broke(
    there: Cluster, monkeypatch: pytest.MonkeyPatch, cut: list[ApiError]
) -> None:
    streams: list[list[str | ApiError]] = [[FIRST, *cut], [*cut], [FIRST, "of it", SECOND]]

    async def logs(pod: ObjectKey, container: str, **how: int) -> AsyncIterator[str]:
        there.followed.append((container, how["since_seconds"], bool(how["follow"])))
        for one in streams.pop(0) if streams else ():
            if isinstance(one, ApiError):
                raise one
            yield one

    monkeypatch.setattr(there, "logs", logs)
    there.listed = [pod("webank", state={"running": {}})]
    there.next_lists = [there.listed] * 4
    done = consortium("logs", "trade", "--follow")
    assert there.followed[:3] == [("node", 600, True), ("node", 2, True), ("node", 2, True)]
    assert [line.split("  ")[1][-6:] for line in done.stdout.splitlines()] == ["000001"] * 2
    assert "of it" not in done.stdout
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.usefixtures("at_once")
def test_a_cluster_that_is_away_for_a_while_does_not_end_the_following(
    there: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = there.list_pages

    def list_pages(*words: Any) -> AsyncIterator[tuple[list[dict[str, Any]], str]]:
        is_away = len(there.selectors) in (1, 2)
        there.answer = Unavailable(0, "NoAnswer", "refused", "list", POD) if is_away else None
        return listed(*words)

    there.next_lists = [there.listed] * 2
    monkeypatch.setattr(there, "list_pages", list_pages)
    done = consortium("logs", "trade", "--follow")
    assert done.code == 0
    assert done.stderr.count("note: no answer: refused; it is waited for") == 1


@pytest.mark.usefixtures("at_once")
def test_a_log_that_must_not_be_read_ends_the_following(there: Cluster) -> None:
    there.written[HUAWEI.name] = Forbidden(403, "Forbidden", "no", "logs", HUAWEI)
    assert consortium("logs", "trade", "--follow").code == 1


def test_without_the_right_to_read_logs_the_next_step_is_named(there: Cluster) -> None:
    there.written[HUAWEI.name] = Forbidden(403, "Forbidden", "no", "logs", HUAWEI)
    done = consortium("logs", "trade")
    assert (done.code, done.stdout) == (1, "")
    assert "kubectl auth can-i" in done.stderr


def test_a_chain_without_pods_names_what_to_look_at(there: Cluster) -> None:
    there.listed = []
    done = consortium("logs", "trade")
    assert (done.code, done.stdout) == (1, "")
    assert "see `kubectl consortium status trade --namespace chains`" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("--member", "nobody"), 1, "it has: huawei, ping-an"),
        (("--node", "webank/node-1"), 1, "no node webank/node-1"),
        (("--since", "10"), 2, "such as 90s"),
        (("-f", "-o", "json"), 2, "--follow"),
    ],
)
def test_what_cannot_be_shown_is_told(
    there: Cluster, words: tuple[str, ...], code: int, hint: str
) -> None:
    done = consortium("logs", "trade", *words)
    assert (done.code, done.stdout) == (code, "")
    assert hint in done.stderr


def test_durations_are_written_as_people_write_them() -> None:
    assert [seconds_of(one) for one in ("90s", "10m", "1h30m")] == [90, 600, 5400]
    for wrong in ("", "0s", "10", "m", "1d", "-1s"):
        with pytest.raises(ValueError, match=f"^{wrong}$"):
            seconds_of(wrong)
