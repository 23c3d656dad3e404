"""Certificates that have ended, or that should have been renewed by now."""

from collections.abc import Iterator
from datetime import datetime

from consortium_operator.api.quantity import parse_duration
from consortium_operator.chain.naming import ROTATE_CA_ANNOTATION
from consortium_operator.chain.plan import Plan
from consortium_operator.cli.certificates_view import CertificateLine, end_of, view
from consortium_operator.cli.doctor.facts import Facts, of_chain
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden

_CHECK = Check("certificates")


def judge(facts: Facts) -> Iterator[Finding]:
    maps = facts.namespace.config_maps
    for plan in facts.namespace.planned:
        if isinstance(maps, Hidden):
            yield _CHECK.unknown(plan.key.name, maps.why)
            continue
        found = view(of_chain(maps, plan.key.name), facts.cluster.clock.here)
        yield from _judge(plan, found, facts.cluster.clock.here)


def _judge(plan: Plan, found: tuple[CertificateLine, ...], now: datetime) -> Iterator[Finding]:
    serving = _newest(found)
    early = parse_duration(plan.spec.certificates.renew_before)
    days = early.days if early is not None else 0
    bad = [one for one in serving if one.days_left is None or one.days_left < days]
    for one in bad:
        yield _tell(plan, one)
    if serving and not bad:
        first = min(serving, key=lambda one: one.not_after or "")
        yield _CHECK.ok(
            plan.key.name,
            f"all {len(serving)} hold; the first ends on {end_of(first)}",
        )
    if not serving:
        yield _CHECK.unknown(plan.key.name, f"none is there yet, at {now:%Y-%m-%d %H:%M} UTC")


def _newest(found: tuple[CertificateLine, ...]) -> tuple[CertificateLine, ...]:
    """Of certificates for one purpose the one that holds longest: the others are on the way out."""
    best: dict[tuple[str, str, str, str], CertificateLine] = {}
    for one in found:
        purpose = (one.member, one.node or "", one.use, one.file)
        known = best.get(purpose)
        if known is None or (one.not_after or "") > (known.not_after or ""):
            best[purpose] = one
    return tuple(best.values())


def _tell(plan: Plan, one: CertificateLine) -> Finding:
    subject = f"{plan.key.name}: {one.node or one.member}, {one.use}"
    here = f"--namespace {plan.key.namespace}"
    see = f"kubectl consortium certificates {plan.key.name} {here}"
    if one.days_left is None:
        return _CHECK.error(subject, f"{one.config_map}/{one.file} cannot be read", see)
    if one.generation is not None:
        fix = (
            f"kubectl annotate consortiumchain {plan.key.name} {here} --overwrite "
            f"{ROTATE_CA_ANNOTATION}={one.member}@{one.generation + 1}"
        )
    else:
        status = f"kubectl consortium status {plan.key.name} {here}"
        fix = f"the operator renews it; what it waits for: {status}"
    if not one.holds:
        return _CHECK.error(subject, f"ended on {end_of(one)}", fix)
    return _CHECK.warning(subject, f"ends on {end_of(one)}", fix)
