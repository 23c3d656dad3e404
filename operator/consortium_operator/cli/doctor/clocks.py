"""How far clocks are apart: ours, the API server's, and each host's by the lease that its kubelet
renews. Certificates are dated back by an hour, so only what is near that is dangerous."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from consortium_operator.cli.doctor.facts import Clock, Facts
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden
from consortium_operator.kube.kinds import JsonObject

_CHECK = Check("clocks")
_SLACK = timedelta(seconds=5)
# A kubelet renews its lease every 10 s, and counts as silent after 40.
_SILENCE = timedelta(seconds=40)
_DANGER = timedelta(minutes=50)
_FIX = "keep the time of every machine with NTP or chrony: timedatectl set-ntp true"


def judge(facts: Facts) -> Iterator[Finding]:
    clock = facts.cluster.clock
    yield _judge_here(clock)
    heartbeats = facts.cluster.heartbeats
    if isinstance(heartbeats, Hidden):
        yield _CHECK.unknown("hosts", heartbeats.why)
        return
    now = clock.server.date or clock.here
    bad = [found for one in heartbeats if (found := _judge_host(one, now)) is not None]
    yield from bad
    if not bad:
        yield _CHECK.ok("hosts", f"{len(heartbeats)} of {len(heartbeats)} have the server's time")


def _judge_here(clock: Clock) -> Finding:
    subject = "this machine and the API server"
    if clock.server.date is None:
        return _CHECK.unknown(subject, "the answer has no Date")
    apart = clock.server.date - clock.here
    # The header has whole seconds.
    if abs(apart) <= _SLACK:
        return _CHECK.ok(subject, f"less than {_SLACK.seconds} s apart")
    how = "behind" if apart > timedelta(0) else "ahead of"
    return _CHECK.warning(
        subject, f"the clock here is {_seconds(apart)} s {how} the API server's", _FIX
    )


def _judge_host(lease: JsonObject, now: datetime) -> Finding | None:
    name, renewed = lease["metadata"]["name"], (lease.get("spec") or {}).get("renewTime")
    if renewed is None:
        return None
    ahead = datetime.fromisoformat(renewed) - now
    subject = f"host {name}"
    if ahead > _DANGER:
        message = f"its clock is {_seconds(ahead)} s ahead: certificates end there too early"
        return _CHECK.error(subject, message, _FIX)
    if ahead > _SLACK:
        return _CHECK.warning(subject, f"its clock is {_seconds(ahead)} s ahead", _FIX)
    if ahead < -_SILENCE:
        return _CHECK.warning(
            subject,
            f"its kubelet was last heard of {_seconds(ahead)} s ago: it is silent, or its clock is "
            "behind",
            f"kubectl describe node {name}\n{_FIX}",
        )
    return None


def _seconds(apart: timedelta) -> int:
    return round(abs(apart).total_seconds())
