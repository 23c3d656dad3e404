"""Which generations of a member's CAs exist, and which one a person asks for.

The word is `consortium.dev/rotate-ca: <member>@<next generation>`. It is good once by itself: a
generation that exists is not made again. What exists is told by the register ConfigMaps; a Secret
whose register is still to be written, or was lost, by a look at the next name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import product

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.problem import shown
from consortium_operator.chain.naming import (
    PART_LABEL,
    ROTATE_CA_ANNOTATION,
    ChildPart,
    member_labels,
)
from consortium_operator.chain.plan import PlannedMember
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.protocol import InvalidMaterial
from consortium_operator.kube.kinds import CONFIG_MAP
from consortium_operator.kube.projection import Observed
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.key_requests import FIRST_GENERATION
from consortium_operator.reconcile.keys import read_secret, trusted
from consortium_operator.reconcile.world import Round

_WORD = re.compile(r"([a-z0-9-]+)@([1-9][0-9]{0,5})")


def registered_generations(run: Round, member: PlannedMember, kind: AuthorityKind) -> list[int]:
    """In ascending order, as far as was seen or is remembered."""
    names = {
        observed.key.name
        for observed in _config_maps(run, member)
        if observed.labels.get(PART_LABEL) == ChildPart.REGISTER
    }
    prefix = member.names.authority(kind, FIRST_GENERATION).removesuffix(str(FIRST_GENERATION))
    numbers = (
        name.removeprefix(prefix)
        for name in {*names, *run.memory.verified}
        if name.startswith(prefix)
    )
    return sorted({int(number) for number in numbers if number.isdecimal()})


def newest_registered(run: Round, member: PlannedMember, kind: AuthorityKind) -> int:
    if kind in member.brought:
        return FIRST_GENERATION
    return max(registered_generations(run, member, kind), default=FIRST_GENERATION)


async def newest_kept(
    run: Round, member: PlannedMember, kind: AuthorityKind, generation: int
) -> int:
    """From `generation` on, by the Secrets that are there. Asked as seldom as keys are read."""
    if trusted(run, member.names.authority(kind, generation)) is not None:
        return generation
    labels = member_labels(run.key.name, run.plan.engine, member.name)
    while await read_secret(run, member.names.authority(kind, generation + 1), labels) is not None:
        generation += 1
    return generation


def asked_generation(run: Round, member: PlannedMember) -> int | None:
    """The generation that a person asks for, where it is the next one, or was begun."""
    own = [kind for kind in AuthorityKind if kind not in member.brought]
    newest = max((newest_registered(run, member, kind) for kind in own), default=None)
    words = map(_WORD.fullmatch, run.words(ROTATE_CA_ANNOTATION))
    asked = max((int(one[2]) for one in words if one and one[1] == member.name), default=0)
    return asked if newest is not None and newest <= asked <= newest + 1 else None


def why_generation_must_exist(run: Round, member: PlannedMember, generation: int) -> str | None:
    """Why a later generation may not be made, or None."""
    return None if asked_generation(run, member) == generation else "nobody asked for it"


def is_one_lost(
    run: Round,
    member: PlannedMember,
    kind: AuthorityKind,
    known: Sequence[AuthorityRegister],
) -> bool:
    """Whether the member's nodes have certificates of a CA that nothing but they tells of. Without
    it an earlier generation would seem to be the newest, and everybody would go back to it."""
    roots = {one for register in known for one in _certificates(register.certificate)}
    for observed in _config_maps(run, member):
        labels, data = observed.labels, observed.detail
        if labels.get(PART_LABEL) != ChildPart.CERTIFICATE or not isinstance(data, Mapping):
            continue
        if kind is AuthorityKind.CLIENT and not roots.issuperset(
            _certificates(data.get("ca.crt", ""))
        ):
            return True
        leafs = run.engine.node_certificates_in(data).values()
        if kind is AuthorityKind.NODE and not _is_signed(run, leafs, known):
            return True
    return False


def _config_maps(run: Round, member: PlannedMember) -> list[Observed]:
    return run.world.store.by_member(run.key.namespace, run.key.name, member.name, CONFIG_MAP)


def _is_signed(run: Round, leafs: Iterable[str], known: Sequence[AuthorityRegister]) -> bool:
    for leaf, register in product(leafs, known):
        with suppress(InvalidMaterial):
            run.engine.certificate_facts(leaf, register)
            return True
    return False


def _certificates(text: str) -> list[str]:
    return re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.DOTALL)


def tell_vain_words(run: Round) -> None:
    """Of words that nothing can come of, each with what to do."""
    members = {member.name: member for member in run.plan.members}
    for word in run.words(ROTATE_CA_ANNOTATION):
        why = _why_vain(run, word, members)
        if why is not None:
            run.findings.add(
                Finding(
                    ConditionType.CERTIFICATES_VALID,
                    Reason.RENEWING,
                    f"annotation {ROTATE_CA_ANNOTATION}: {shown(word)} {why}",
                    needs_person=True,
                )
            )


def _why_vain(run: Round, word: str, members: dict[str, PlannedMember]) -> str | None:
    match = _WORD.fullmatch(word)
    if match is None:
        return "is not <member>@<next generation>"
    member = members.get(match[1])
    if member is None:
        return f"names no member of the chain: it has {', '.join(sorted(members))}"
    if len(member.brought) == len(AuthorityKind):
        secrets = " and ".join(sorted(member.brought.values()))
        return f"asks for CAs that the member brings: renew them in Secret {secrets} instead"
    newest = max(
        newest_registered(run, member, kind) for kind in AuthorityKind if kind not in member.brought
    )
    if int(match[2]) > newest + 1:
        return f"skips a generation: the next is {member.name}@{newest + 1}"
    return None


def how_to_rotate(run: Round, member: PlannedMember, generation: int) -> str:
    """The command by which a person has the CAs after `generation` made."""
    return run.how_to_say(ROTATE_CA_ANNOTATION, f"{member.name}@{generation + 1}")
