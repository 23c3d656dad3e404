"""All checks, in the order in which they are told: the cluster, the operator, the namespace, the
chains."""

from collections.abc import Callable, Iterator, Sequence

from consortium_operator.cli.doctor import (
    addresses,
    clocks,
    disruption,
    expiry,
    images,
    installation,
    network,
    pod_security,
    quorum,
    rights,
    specs,
    storage,
)
from consortium_operator.cli.doctor.facts import Facts
from consortium_operator.cli.doctor.finding import Finding

_CHECKS: Sequence[Callable[[Facts], Iterator[Finding]]] = (
    installation.judge,
    clocks.judge,
    network.judge,
    storage.judge,
    addresses.judge,
    pod_security.judge,
    rights.judge,
    specs.judge,
    images.judge,
    quorum.judge,
    expiry.judge,
    disruption.judge,
)


def examine(facts: Facts) -> tuple[Finding, ...]:
    """Every finding of every check."""
    return tuple(finding for check in _CHECKS for finding in check(facts))
