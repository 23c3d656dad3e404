"""What the types cannot say, once, for both judges of a resource.

Each rule is a CEL expression for the API server (crd.py puts it into the CRD) and a predicate for
everything that reads a resource without one: the command line, `render`, a cluster whose CRD lost
its rules (parse.py). A table of good and bad resources in the tests proves that both agree.

A rule belongs to the model that it is checked on, `self` in CEL. Its path becomes the rule's
`fieldPath`, so both judges print the field before the message, and the message says the fix.
"""

from __future__ import annotations

import re
from typing import Any

from consortium_operator.api.chain import (
    NAME_MAX_LENGTH,
    NODES_MAX,
    Certificates,
    ConsortiumChain,
    ConsortiumChainSpec,
    Image,
    Member,
    NetworkClient,
    NodeGroup,
    NodeState,
    PullSecret,
    Role,
    SecretReference,
)
from consortium_operator.api.fisco_bcos_rules import FISCO_BCOS_RULES
from consortium_operator.api.placement import NodeDefaults, Placement, Storage
from consortium_operator.api.quantity import (
    DURATION_PATTERN,
    parse_duration,
    parse_quantity,
)
from consortium_operator.api.rule import (
    ALPHANUMERIC,
    SUBDOMAIN,
    VERSION,
    M,
    Rule,
    matches,
    python_name,
)

STORAGE_MINIMUM = "2Gi"


_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_VALUE = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_STORAGE_SIZE = "[0-9]{1,12}([.][0-9]{1,3})?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?"
_DURATION_HELP = "must be hours, minutes and seconds above zero, such as 8760h or 1h30m"
_OWN_KEYS = "consortium.dev/"
_MANAGED_BY = "app.kubernetes.io/managed-by"


def _total(spec: ConsortiumChainSpec) -> int:
    return sum(group.count for member in spec.members for group in member.nodes)


def _has_sealer(spec: ConsortiumChainSpec) -> bool:
    return any(group.role is Role.SEALER for member in spec.members for group in member.nodes)


def _shorter(first: str, second: str) -> bool:
    """Whether the first duration is below the second. What is none, another rule reports."""
    shorter, longer = parse_duration(first), parse_duration(second)
    return shorter is None or longer is None or shorter < longer


def _is_duration(text: str) -> bool:
    length = parse_duration(text)
    return length is not None and length.total_seconds() > 0


def _is_storage_size(size: str) -> bool:
    value, least = parse_quantity(size), parse_quantity(STORAGE_MINIMUM)
    if re.fullmatch(_STORAGE_SIZE, size) is None or value is None or least is None:
        return False
    return value >= least


def _durations() -> tuple[Rule[Certificates], ...]:
    def one(path: str) -> Rule[Certificates]:
        name = python_name(Certificates, path)
        return Rule(
            Certificates,
            path,
            f"self.{path}.matches('^{DURATION_PATTERN}$') && self.{path}.matches('[1-9]')",
            lambda part: _is_duration(getattr(part, name)),
            _DURATION_HELP,
        )

    return tuple(one(path) for path in ("duration", "renewBefore", "clientDuration", "caDuration"))


def _own_keys_rules(on: type[M]) -> tuple[Rule[M], ...]:
    def one(path: str, why: str) -> Rule[M]:
        name = python_name(on, path)
        return Rule(
            on,
            path,
            f"!has(self.{path}) || self.{path}.all(k, !k.startsWith('{_OWN_KEYS}'))",
            lambda part: not any(key.startswith(_OWN_KEYS) for key in getattr(part, name) or {}),
            f"must not hold keys that start with {_OWN_KEYS}: {why}",
        )

    name = python_name(on, "podLabels")
    managed_by = Rule(
        on,
        "podLabels",
        f"!has(self.podLabels) || !('{_MANAGED_BY}' in self.podLabels)",
        lambda part: _MANAGED_BY not in (getattr(part, name) or {}),
        f"must not hold {_MANAGED_BY}: the operator manages the pods, and says so by it",
    )
    return (
        managed_by,
        one("podLabels", "Services and disruption budgets find their pods by them"),
        one("podAnnotations", "the operator knows by them what a pod runs with"),
    )


def _place_rules() -> tuple[Rule[Placement], ...]:
    """A place that only the scheduler reads would be missing in the weight by fault domain."""

    def one(field: str) -> Rule[Placement]:
        label = f"topology.kubernetes.io/{field}"
        return Rule(
            Placement,
            "nodeSelector",
            f"!has(self.nodeSelector) || !('{label}' in self.nodeSelector)",
            lambda placement: label not in placement.node_selector,
            f"must not hold {label}: set {field} beside it, by which the weight is counted",
        )

    return one("region"), one("zone")


_CHAIN: tuple[Rule[Any], ...] = (
    Rule(
        ConsortiumChain,
        "metadata.name",
        f"size(self.metadata.name) <= {NAME_MAX_LENGTH} && "
        "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        lambda chain: (
            len(chain.metadata.name) <= NAME_MAX_LENGTH
            and re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", chain.metadata.name) is not None
        ),
        f"must be at most {NAME_MAX_LENGTH} lower-case letters, digits and '-', "
        "begin with a letter and not end with '-': the names of Services begin with it",
    ),
    matches(
        ConsortiumChainSpec,
        "version",
        VERSION,
        'must be one exact version X.Y.Z without a leading v, such as "3.16.4"',
    ),
    matches(
        ConsortiumChainSpec,
        "chainId",
        ALPHANUMERIC,
        "must be letters and digits only: a node refuses anything else",
    ),
    Rule(
        ConsortiumChainSpec,
        "members",
        "self.members.exists(m, m.nodes.exists(n, n.role == 'Sealer'))",
        _has_sealer,
        "must have at least one node with role: Sealer",
    ),
    Rule(
        ConsortiumChainSpec,
        "members",
        f"self.members.map(m, m.nodes.map(n, n.count).sum()).sum() <= {NODES_MAX}",
        lambda spec: _total(spec) <= NODES_MAX,
        f"must have at most {NODES_MAX} nodes together: lower the counts",
    ),
    matches(
        Image,
        "repository",
        "[a-zA-Z0-9]+([._:/-]+[a-zA-Z0-9]+)*",
        "must be a registry and a name such as registry.example/fisco-bcos: tag "
        "and digest have fields of their own",
    ),
    matches(Image, "tag", "[A-Za-z0-9_][A-Za-z0-9_.-]*", "must be an image tag"),
    matches(
        Image,
        "digest",
        "sha256:[0-9a-f]{64}",
        "must be sha256: and 64 lower-case hexadecimal digits",
    ),
    Rule(
        Image,
        "repository",
        "has(self.repository) == (has(self.tag) || has(self.digest))",
        lambda image: (
            (image.repository is not None) == (image.tag is not None or image.digest is not None)
        ),
        "needs tag or digest beside it, and neither stands without a repository",
    ),
    Rule(
        Image,
        "tag",
        "!has(self.tag) || self.tag != 'latest' || has(self.digest)",
        lambda image: image.tag != "latest" or image.digest is not None,
        "must name one version: with latest a restarted node may run another program",
    ),
    matches(PullSecret, "name", SUBDOMAIN, "must be the name of a Secret"),
    matches(SecretReference, "secretName", SUBDOMAIN, "must be the name of a Secret"),
    *_durations(),
    Rule(
        Certificates,
        "renewBefore",
        "duration(self.renewBefore) < duration(self.duration) && "
        "duration(self.renewBefore) < duration(self.clientDuration)",
        lambda part: (
            _shorter(part.renew_before, part.duration)
            and _shorter(part.renew_before, part.client_duration)
        ),
        "must be shorter than duration and clientDuration",
    ),
    Rule(
        Certificates,
        "caDuration",
        "duration(self.duration) < duration(self.caDuration) && "
        "duration(self.clientDuration) < duration(self.caDuration)",
        lambda part: (
            _shorter(part.duration, part.ca_duration)
            and _shorter(part.client_duration, part.ca_duration)
        ),
        "must be longer than duration and clientDuration: nothing outlasts its CA, so no "
        "certificate could be renewed",
    ),
    Rule(
        NetworkClient,
        "podSelector",
        "has(self.namespaceSelector) || has(self.podSelector)",
        lambda client: client.namespace_selector is not None or client.pod_selector is not None,
        "is needed where namespaceSelector is absent",
    ),
)

_NODES: tuple[Rule[Any], ...] = (
    matches(
        Member,
        "name",
        _LABEL,
        "must be lower-case letters, digits and '-', not '-' at either end",
    ),
    Rule(
        Member,
        "clientAuthority",
        "!has(self.certificateAuthority) || !has(self.clientAuthority) || "
        "self.certificateAuthority.secretName != self.clientAuthority.secretName",
        lambda member: (
            member.certificate_authority is None
            or member.client_authority is None
            or member.certificate_authority.secret_name != member.client_authority.secret_name
        ),
        "must not be the Secret of certificateAuthority: clients could then connect as nodes, and "
        "nodes as clients",
    ),
    matches(
        NodeGroup,
        "name",
        _LABEL,
        "must be lower-case letters, digits and '-', not '-' at either end",
    ),
    Rule(
        NodeGroup,
        "count",
        "self.state != 'Stopped' || self.count == 1",
        lambda group: group.state is not NodeState.STOPPED or group.count == 1,
        "must be 1 with state: Stopped: give the node an entry of its own",
    ),
    Rule(
        NodeGroup,
        "count",
        "!has(self.identity) || self.count == 1",
        lambda group: group.identity is None or group.count == 1,
        "must be 1 with identity: two nodes with one key break the consensus",
    ),
    *_own_keys_rules(NodeGroup),
    *_own_keys_rules(NodeDefaults),
    Rule(
        Storage,
        "size",
        f"self.size.matches('^{_STORAGE_SIZE}$') && "
        f"quantity(self.size).compareTo(quantity('{STORAGE_MINIMUM}')) >= 0",
        lambda storage: _is_storage_size(storage.size),
        f"must be a quantity of at least {STORAGE_MINIMUM}, such as 20Gi: a node "
        "needs 1 GiB free to start",
    ),
    matches(
        Storage,
        "storageClassName",
        SUBDOMAIN,
        "must be the name of a storage class",
    ),
    *_place_rules(),
    matches(Placement, "region", _LABEL_VALUE, "must be a label value"),
    matches(Placement, "zone", _LABEL_VALUE, "must be a label value"),
    matches(
        Placement,
        "priorityClassName",
        SUBDOMAIN,
        "must be the name of a priority class",
    ),
)

RULES: tuple[Rule[Any], ...] = (*_CHAIN, *_NODES, *FISCO_BCOS_RULES)
