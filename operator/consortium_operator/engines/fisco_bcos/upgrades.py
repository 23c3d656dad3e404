"""Whether nodes of a version can run a chain that another version founded, and may have run since.

The numbers alone do not tell: 3.7.3 knows flags that 3.8.0 does not. What a chain needs was founded
with it, or was switched on since by a transaction; so the running chain is asked as well.
"""

from collections.abc import Iterator

from consortium_operator.api.conditions import Reason
from consortium_operator.api.problem import Problem
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan
from consortium_operator.engines.fisco_bcos.features import FEATURES
from consortium_operator.engines.fisco_bcos.genesis import Genesis
from consortium_operator.engines.fisco_bcos.key_table import boolean
from consortium_operator.engines.fisco_bcos.sealed import SealedSettings
from consortium_operator.engines.fisco_bcos.version_number import (
    EXECUTOR_VERSIONS,
    SEPARATE_BLOCK_STATE,
    Version,
)
from consortium_operator.engines.fisco_bcos.versions import VERSIONS, NodeVersion
from consortium_operator.engines.protocol import RunningChain

_PATH = "spec.version"
_COMPATIBILITY = "compatibility_version"


def settings_that_decide(plan: Plan) -> tuple[str, ...]:
    """The chain's compatibility version, and every flag that spec.version does not know."""
    known = VERSIONS[plan.spec.version].features
    return (_COMPATIBILITY, *(one.flag for one in FEATURES if one.flag not in known))


def unfit_for(plan: Plan, seal: Seal, running: RunningChain) -> tuple[Problem, ...]:
    """Why nodes of spec.version cannot run the chain, or not beside those that run it now."""
    version, genesis = VERSIONS[plan.spec.version], Genesis.read(seal.text)
    compatibility = _compatibility(genesis, running)
    needs = tuple(_unmet(version, compatibility, genesis, seal, running))
    back = f"set {_PATH} back"
    if running.versions:
        back = f"the nodes stay as they are: set {_PATH} back to {_listed(running)}"
    if needs:
        message = f"{version.tag} cannot run this chain, {'; and '.join(needs)}; {back}"
        return (Problem(_PATH, message, Reason.DOWNGRADE_REFUSED),)
    if _is_ahead(compatibility, running):
        message = (
            f"the chain's compatibility version is {compatibility}, which none of its nodes knows: "
            f"the first one of {version.tag} would make other blocks than the rest; {back}"
        )
        return (Problem(_PATH, message, Reason.ROLLOUT_STUCK),)
    return ()


def _compatibility(genesis: Genesis, running: RunningChain) -> Version:
    """It only ever rises."""
    told = running.settings.get(_COMPATIBILITY)
    try:
        return max(genesis.compatibility_version, Version.parse(told or ""))
    except ValueError:
        return genesis.compatibility_version


def _unmet(
    version: NodeVersion,
    compatibility: Version,
    genesis: Genesis,
    seal: Seal,
    running: RunningChain,
) -> Iterator[str]:
    sealed = SealedSettings.of(seal)
    switched_on = {flag for flag, is_on in genesis.features if is_on}
    switched_on |= {flag for flag, value in running.settings.items() if value != "0"}
    unknown = [one.flag for one in FEATURES if one.flag in switched_on - {*version.features}]
    if compatibility > version.max_compatibility:
        yield (
            f"whose compatibility version is {compatibility}, because it knows only up to "
            f"{version.max_compatibility}"
        )
    if unknown:
        yield f"which has switched on {', '.join(unknown)}, because it does not know that"
    if sealed.executor_version != "0" and version.version < EXECUTOR_VERSIONS:
        yield f"founded on executor {sealed.executor_version}, because it does not have that"
    if sealed.separate_block_state == boolean(True) and version.version < SEPARATE_BLOCK_STATE:
        yield "founded with blocks and state in two databases, because it cannot read that"


def _is_ahead(compatibility: Version, running: RunningChain) -> bool:
    """Whether somebody raised the chain above all that its nodes know: they let that happen, and go
    on as before. A version that none of our tables has says nothing."""
    known = [VERSIONS[tag] for tag in running.versions if tag in VERSIONS]
    return bool(known) and all(compatibility > one.max_compatibility for one in known)


def _listed(running: RunningChain) -> str:
    return " or ".join(sorted(running.versions))
