"""What the caller may do, command by command, and whether the operator may make chains here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from consortium_operator.api.chain import GROUP, PLURAL
from consortium_operator.cli.destruction import needed_rights
from consortium_operator.cli.doctor.facts import Facts
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden, Objects
from consortium_operator.kube.kinds import JsonObject
from consortium_operator.kube.person import Right

_OWN, _OPERATOR = Check("your rights"), Check("operator's rights")

# What the operator cannot do without: verb, API group, resource.
_NEEDED = (
    ("get", "", "secrets"),
    ("create", "", "secrets"),
    ("create", "", "configmaps"),
    ("create", "", "services"),
    ("create", "", "persistentvolumeclaims"),
    ("create", "apps", "statefulsets"),
    ("create", "", "pods/eviction"),
    ("create", "policy", "poddisruptionbudgets"),
    ("create", "networking.k8s.io", "networkpolicies"),
)


def rights_of(namespace: str, operator_namespace: str) -> Mapping[str, Sequence[Right]]:
    """Command → what the caller needs for it."""
    chain = Right(namespace, "get", GROUP, PLURAL)
    maps = Right(namespace, "list", "", "configmaps")
    pods = Right(namespace, "list", "", "pods")
    logs = Right(namespace, "get", "", "pods", "log")
    return {
        "status": (chain,),
        "status, live values": (
            Right(operator_namespace, "list", "", "services"),
            Right(operator_namespace, "get", "", "services", "proxy"),
        ),
        "certificates": (maps,),
        "diff": (chain, maps, pods, Right(namespace, "list", "apps", "statefulsets")),
        "logs": (chain, pods, logs),
        "report": (chain, maps, pods, logs, Right(namespace, "list", "", "events")),
        "restart, fence": (chain, Right(namespace, "patch", GROUP, PLURAL)),
        "client-bundle": (chain, Right(namespace, "get", "", "secrets")),
        "destroy": needed_rights(namespace),
    }


def judge(facts: Facts) -> Iterator[Finding]:
    yield from _judge_own(facts)
    yield _judge_operator(facts)


def _judge_own(facts: Facts) -> Iterator[Finding]:
    held = facts.namespace.rights
    able = []
    for command, needed in rights_of(facts.namespace.name, facts.operator.namespace).items():
        missing = [str(right) for right in needed if not held.get(right)]
        if not missing:
            able.append(command)
            continue
        yield _OWN.unknown(
            command,
            f"not for you: you may not {', '.join(missing)}",
            "ask whoever gives rights here for a Role with it, if the command is yours to use",
        )
    if able:
        yield _OWN.ok(f"namespace {facts.namespace.name}", f"enough for: {'; '.join(able)}")


def _judge_operator(facts: Facts) -> Finding:
    subject = f"namespace {facts.namespace.name}"
    accounts = _accounts(facts.operator.deployments)
    bindings, roles = facts.operator.bindings, facts.operator.roles
    for hidden in (bindings, roles):
        if isinstance(hidden, Hidden):
            return _OPERATOR.unknown(subject, hidden.why)
    if not accounts or isinstance(bindings, Hidden) or isinstance(roles, Hidden):
        return _OPERATOR.unknown(subject, "which account the operator has is not known")
    rules = list(_rules(bindings, roles, facts.operator.namespace, accounts))
    lacks = [
        f"{verb} {resource}"
        for verb, group, resource in _NEEDED
        if not any(_covers(rule, verb, group, resource) for rule in rules)
    ]
    if not lacks:
        return _OPERATOR.ok(subject, "it may make keys and nodes here")
    return _OPERATOR.error(
        subject,
        f"it may not {', '.join(lacks)}",
        "\n".join(_how_to_bind(facts, roles, accounts[0])),
    )


def _how_to_bind(facts: Facts, roles: Iterable[JsonObject], account: str) -> Iterator[str]:
    """The chart's ClusterRole is not there where the operator watches named namespaces only."""
    yield f"add {facts.namespace.name} to the chart's value chainNamespaces"
    role = f"{account}-chain-namespace"
    if ("ClusterRole", role) in {(one["kind"], one["metadata"]["name"]) for one in roles}:
        yield (
            f"or: kubectl create rolebinding {role} --namespace {facts.namespace.name} "
            f"--clusterrole {role} --serviceaccount {facts.operator.namespace}:{account}"
        )


def _accounts(deployments: Objects) -> list[str]:
    if isinstance(deployments, Hidden):
        return []
    specs = (one["spec"]["template"]["spec"] for one in deployments)
    return [str(spec.get("serviceAccountName") or "default") for spec in specs]


def _rules(
    bindings: Iterable[JsonObject], roles: Iterable[JsonObject], namespace: str, accounts: list[str]
) -> Iterator[Mapping[str, Any]]:
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in roles}
    for binding in bindings:
        subjects = binding.get("subjects") or ()
        if any(
            one.get("kind") == "ServiceAccount"
            and one.get("namespace") == namespace
            and one.get("name") in accounts
            for one in subjects
        ):
            reference = binding["roleRef"]
            role = by_name.get((reference["kind"], reference["name"])) or {}
            yield from role.get("rules") or ()


def _covers(rule: Mapping[str, Any], verb: str, group: str, resource: str) -> bool:
    return (
        _names(rule.get("verbs"), verb)
        and _names(rule.get("apiGroups"), group)
        and _names(rule.get("resources"), resource)
        and not rule.get("resourceNames")
    )


def _names(listed: Iterable[str] | None, wanted: str) -> bool:
    return bool({"*", wanted} & set(listed or ()))
