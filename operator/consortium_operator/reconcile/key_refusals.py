"""Why a key is not had: one finding for each way in which a Secret is not what it should be."""

from collections.abc import Iterable, Mapping, Sequence

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.plan import PlannedMember
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.kube.errors import Forbidden
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.key_requests import WORDS, KeyRequest, P
from consortium_operator.reconcile.world import Round


def _secrets(names: Iterable[str]) -> str:
    return " and ".join(f"Secret {name}" for name in names)


def missing(request: KeyRequest[P], absent: Sequence[str], why: str) -> Blocked:
    # A node's TLS key is never brought.
    may_be_brought = request.field is not None and next(iter(request.secrets)) in absent
    elsewhere = f", or name another Secret in {request.field}" if may_be_brought else ""
    return Blocked(
        Finding(
            ConditionType.IDENTITIES_INTACT,
            request.missing,
            f"{_secrets(absent)} of {request.subject} is gone and is never made anew: "
            f"{why}. Put it back from a backup{elsewhere}",
            needs_person=True,
        )
    )


def mismatch(request: KeyRequest[P], why: str) -> Blocked:
    return Blocked(
        Finding(
            ConditionType.IDENTITIES_INTACT,
            Reason.NODE_KEY_MISMATCH,
            f"{_secrets(request.secrets)} of {request.subject} {why}. Put back the right one from "
            "a backup",
            needs_person=True,
        )
    )


def not_found(run: Round, request: KeyRequest[P], name: str) -> Blocked:
    """Not yet there: whoever makes it, a person or a controller, may be about to."""
    return Blocked(
        Finding(
            ConditionType.IDENTITIES_INTACT,
            Reason.SECRET_NOT_FOUND,
            f"Secret {name} of {request.subject}, which {request.field} names, is not in namespace "
            f"{run.key.namespace}: create it with {request.brought[name].holds}",
        )
    )


def forbidden(request: KeyRequest[P], name: str, error: Forbidden) -> Blocked:
    return Blocked(
        Finding(
            ConditionType.IDENTITIES_INTACT,
            Reason.FORBIDDEN,
            f"the operator may not get Secret {name} of {request.subject}, which {request.field} "
            "names: add the namespace to the chart's value chainNamespaces, or bind a Role that "
            f"allows this one ({error.message})",
        )
    )


def invalid(request: KeyRequest[P], names: Sequence[str], why: str) -> Blocked:
    """A brought key that was never registered, and cannot be: another one may be brought."""
    return Blocked(
        Finding(
            ConditionType.IDENTITIES_INTACT,
            Reason.INVALID,
            f"{_secrets(names)} of {request.subject} {why}",
            needs_person=True,
        )
    )


def lost_generation(member: PlannedMember, kind: AuthorityKind, newest: str) -> Finding:
    """Of a CA that only what it signed tells of."""
    return Finding(
        ConditionType.IDENTITIES_INTACT,
        Reason.CA_KEY_MISSING,
        f"nodes of member {member.name} have certificates of a {WORDS[kind]} after {newest}, whose "
        "Secret and register are gone. Put them back from a backup",
        needs_person=True,
    )


def name_conflict(kind: str, name: str) -> Blocked:
    return _name_conflict(f"{kind} {name} exists and is not this chain's: rename it or the chain")


def label_conflict(kind: str, name: str, labels: Mapping[str, str]) -> Blocked:
    """Of what is never made anew: it may as well be ours, with other labels by somebody's hand."""
    words = " ".join(f"{label}={value}" for label, value in sorted(labels.items()))
    return _name_conflict(
        f"{kind} {name} exists and is not this chain's by its labels: rename it or the chain, or "
        f"where somebody changed the labels, put them back: {words}"
    )


def _name_conflict(message: str) -> Blocked:
    return Blocked(
        Finding(ConditionType.SPEC_VALID, Reason.NAME_CONFLICT, message, needs_person=True)
    )
