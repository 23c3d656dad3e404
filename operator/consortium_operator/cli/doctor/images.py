"""Which image each chain's nodes run, and whether the cluster gets it. Nothing is pulled here: what
only a pull can tell is said to be unknown."""

from collections.abc import Iterable, Iterator, Mapping

from consortium_operator.chain.plan import Plan, image_reference, versions_of
from consortium_operator.cli.doctor.facts import Facts, pods_by_node
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden
from consortium_operator.kube.kinds import JsonObject

_CHECK = Check("image")
_REFUSED = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


def judge(facts: Facts) -> Iterator[Finding]:
    catalogue, pods = facts.operator.catalogue, facts.namespace.pods
    for plan in facts.namespace.planned:
        known = {} if isinstance(catalogue, Hidden) else catalogue
        reference = image_reference(plan.spec, known)
        if reference is not None:
            yield _judge_reference(plan, reference)
        elif isinstance(catalogue, Hidden):
            yield _CHECK.unknown(f"{plan.key.name}: {plan.spec.version}", catalogue.why)
        else:
            yield _unknown_version(plan, catalogue)
        if isinstance(pods, Hidden):
            yield _CHECK.unknown(f"{plan.key.name}: pods", pods.why)
        else:
            yield from _judge_pods(plan, reference, pods_by_node(pods, plan.key.name))


def _unknown_version(plan: Plan, catalogue: Mapping[str, str]) -> Finding:
    return _CHECK.error(
        f"{plan.key.name}: {plan.spec.version}",
        f"the operator's catalogue has no image of this version; it has: {versions_of(catalogue)}",
        "set spec.image.repository with digest or tag, or add the version to the chart's value "
        "imageCatalogue",
    )


def _judge_reference(plan: Plan, reference: str) -> Finding:
    subject = f"{plan.key.name}: {plan.spec.version}"
    if "@sha256:" in reference:
        return _CHECK.ok(subject, f"{reference}, pinned by its digest")
    return _CHECK.warning(
        subject,
        f"{reference} is a tag: another image may stand behind it tomorrow",
        "name the image by spec.image.digest, or as repository@sha256:… in imageCatalogue",
    )


def _judge_pods(
    plan: Plan, reference: str | None, pods: Mapping[str, JsonObject]
) -> Iterator[Finding]:
    for node in plan.nodes:
        for status in _containers(pods.get(node.names.node)):
            waiting = (status.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") in _REFUSED:
                yield _CHECK.error(
                    f"{plan.key.name}: {node.path}",
                    f"{waiting['reason']}: {waiting.get('message') or 'no details'}",
                    f"kubectl describe pod {node.names.pod} --namespace {plan.key.namespace}; "
                    "a registry that asks who you are needs spec.image.pullSecrets",
                )
    run = sum(_runs(pods.get(node.names.node), reference) for node in plan.nodes)
    yield _CHECK.unknown(
        f"{plan.key.name}: pulled",
        f"{run} of {len(plan.nodes)} nodes run it; whether another host would get it was not "
        "checked, since nothing was pulled",
    )


def _runs(pod: JsonObject | None, reference: str | None) -> bool:
    """By what the pod asks for: the runtime may call the image by another name."""
    wanted = ((pod or {}).get("spec") or {}).get("containers") or ()
    started = any("running" in (one.get("state") or {}) for one in _containers(pod))
    return started and any(one.get("image") == reference for one in wanted)


def _containers(pod: JsonObject | None) -> Iterable[JsonObject]:
    return ((pod or {}).get("status") or {}).get("containerStatuses") or ()
