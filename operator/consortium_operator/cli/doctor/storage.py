"""Whether the storage classes that the chains ask for are there, and what they can do."""

from collections.abc import Iterator, Mapping

from consortium_operator.chain.plan import Plan
from consortium_operator.cli.doctor.facts import Facts
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden
from consortium_operator.kube.kinds import JsonObject

_CHECK = Check("storage")
_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_FIELD = "spec.nodeDefaults.storage.storageClassName"


def judge(facts: Facts) -> Iterator[Finding]:
    found = facts.cluster.storage_classes
    if isinstance(found, Hidden):
        yield _CHECK.unknown("storage classes", found.why)
        return
    classes = {one["metadata"]["name"]: one for one in found}
    defaults = sorted(name for name, one in classes.items() if _is_default(one))
    yield _judge_default(defaults, _wants_default(facts))
    for plan in facts.namespace.planned:
        for name in sorted(_wanted(plan)):
            if name not in classes:
                yield _absent(plan, name, classes)
    used = {name for plan in facts.namespace.planned for name in _wanted(plan)}
    for name in sorted({*used, *defaults} & classes.keys()):
        yield from _judge_class(name, classes[name])


def _wants_default(facts: Facts) -> bool:
    nodes = [node for plan in facts.namespace.planned for node in plan.nodes]
    return not nodes or any(node.storage.storage_class_name is None for node in nodes)


def _wanted(plan: Plan) -> set[str]:
    names = (node.storage.storage_class_name for node in plan.nodes)
    return {name for name in names if name is not None}


def _judge_default(defaults: list[str], is_wanted: bool) -> Finding:
    subject = "default storage class"
    if not defaults and is_wanted:
        return _CHECK.error(
            subject,
            "there is none, so that volumes without a class stay pending",
            f"name a class in {_FIELD}, or make one the default:\n"
            'kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class="true"',
        )
    if not defaults:
        return _CHECK.ok(subject, "there is none, and no chain wants it")
    if len(defaults) > 1:
        return _CHECK.warning(
            subject,
            f"there are several, {', '.join(defaults)}: the one made last is taken",
            f"name a class in {_FIELD}",
        )
    return _CHECK.ok(subject, defaults[0])


def _absent(plan: Plan, name: str, classes: Mapping[str, JsonObject]) -> Finding:
    known = ", ".join(sorted(classes)) or "none"
    return _CHECK.error(
        f"{plan.key.name}: {name}",
        f"there is no storage class {name}; there are: {known}",
        f"make the class, or name another in {_FIELD} (or in the entry of the node)",
    )


def _judge_class(name: str, one: JsonObject) -> Iterator[Finding]:
    subject = f"storage class {name}"
    binds_late = one.get("volumeBindingMode") == "WaitForFirstConsumer"
    if not binds_late:
        yield _CHECK.warning(
            subject,
            "its volumes are made before it is known where the pod runs: in another zone than the "
            "pod's they keep it pending",
            f"name a class with volumeBindingMode WaitForFirstConsumer in {_FIELD}; that of a "
            "class cannot be changed",
        )
    if not one.get("allowVolumeExpansion"):
        yield _CHECK.warning(
            subject,
            "its volumes cannot grow: a ledger that fills one up has to move to another",
            f"kubectl patch storageclass {name} --patch "
            """'{"allowVolumeExpansion":true}', where its driver can""",
        )
    elif binds_late:
        yield _CHECK.ok(subject, "waits for the pod, and its volumes can grow")


def _is_default(one: JsonObject) -> bool:
    return (one["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
