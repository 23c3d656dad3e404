"""Which pods the chains' namespace lets in. The operator's own pass `restricted`, so nothing is
lost by asking it of all."""

from collections.abc import Iterator

from consortium_operator.cli.doctor.facts import Facts, labels_of
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden

_CHECK = Check("pod-security")
_LABEL = "pod-security.kubernetes.io/enforce"


def judge(facts: Facts) -> Iterator[Finding]:
    name, itself = facts.namespace.name, facts.namespace.itself
    subject = f"namespace {name}"
    if isinstance(itself, Hidden):
        yield _CHECK.unknown(subject, itself.why)
        return
    if itself is None:
        yield _CHECK.error(subject, "it is not there", f"kubectl create namespace {name}")
        return
    level = labels_of(itself).get(_LABEL)
    if level == "restricted":
        yield _CHECK.ok(subject, "takes pods that are restricted, and no others")
        return
    yield _CHECK.warning(
        subject,
        f"takes pods of the level {level or 'that the cluster sets, mostly privileged'}: one that "
        "gets onto its host reads every volume there",
        f"kubectl label namespace {name} --overwrite {_LABEL}=restricted",
    )
