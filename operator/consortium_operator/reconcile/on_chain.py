"""Settings of the running chain that the spec asks for: one transaction at a time, read back.

The chain is asked rarely: only others change what stands. Whatever hinders a setting stands on
UpToDate (docs/decisions/0011).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.problem import shown
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import CONFIRM_BACKUP_ANNOTATION
from consortium_operator.chain.settings import Step, WantedSetting
from consortium_operator.chain.view import ChainView
from consortium_operator.engines.protocol import ChainCallFailed
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.desired import desired_journal
from consortium_operator.reconcile.enactment import can_be_changed, enact, sealer_at_work
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.journal import read_journal
from consortium_operator.reconcile.world import Founded, Round, SettingsRead

_UP_TO_DATE = ConditionType.UP_TO_DATE
ASK_AGAIN_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Sight:
    """`versions`: by node path, as running nodes report them; `silent`: paths of the others.
    `achieved`: by the journal. `seal`: what the chain was founded with."""

    values: Mapping[str, str]
    versions: Mapping[str, str]
    silent: tuple[str, ...]
    achieved: Mapping[str, str]
    seal: Seal

    def is_others_work(self, setting: WantedSetting) -> bool:
        """Whether the chain had the wanted value before, so that somebody else changed it."""
        return self.achieved.get(setting.change.key) == setting.change.value


async def bring_about_settings(founded: Founded, view: ChainView) -> None:
    """Sends at most one change, and only to a chain that makes blocks and agrees with itself."""
    run, journal = founded.round, read_journal(founded.round)
    wanted = run.engine.wanted_settings(run.plan)
    if not wanted and not journal.chain.settings:
        return
    if not can_be_changed(view):
        return
    try:
        keys = {key for one in wanted for key in (one.change.key, *one.judged_by)}
        values = await _values(founded, view, sorted(keys))
    except ChainCallFailed as error:
        message = f"the settings of the chain cannot be read: {error}"
        run.findings.add(Finding(_UP_TO_DATE, Reason.PENDING, message, unknown=True))
        return
    sight = _Sight(values, *_versions(run, view), journal.chain.settings, founded.seal)
    due = [one for one in wanted if _may_be_sent(run, one, sight)]
    await _remember(founded, journal, wanted, values)
    if due:
        await _send(founded, view, due)


async def _values(founded: Founded, view: ChainView, keys: list[str]) -> Mapping[str, str]:
    """As they were read within the last minutes, unless the operator has changed one since. Raises
    ChainCallFailed."""
    run, known = founded.round, founded.round.memory.settings
    is_fresh = known is not None and run.was_lately(known.at, ASK_AGAIN_AFTER)
    if known is not None and is_fresh and known.keys >= set(keys):
        return known.values
    if not keys:
        return {}
    sealer = sealer_at_work(founded, view)
    values = await run.world.connect(run.plan).settings(*sealer, keys, run.plan)
    run.memory.settings = SettingsRead(frozenset(keys), values, run.world.now())
    return values


def _versions(run: Round, view: ChainView) -> tuple[dict[str, str], tuple[str, ...]]:
    seen = {node.path: view.of(node.names.node) for node in run.plan.nodes}
    versions = {path: one.version for path, one in seen.items() if one and one.answers}
    return versions, tuple(sorted(seen.keys() - versions.keys()))


def _may_be_sent(run: Round, setting: WantedSetting, sight: _Sight) -> bool:
    """Whether it is due, and nothing hinders it; what does is a finding."""
    now = sight.values.get(setting.change.key)
    verdict = run.engine.judge_setting(setting, sight.values, sight.versions, sight.seal)
    if verdict.step is Step.NONE:
        return False
    if sight.is_others_work(setting):
        _hindered(run, Reason.CHANGED_ON_CHAIN, _changed_on_chain(setting, now))
    elif verdict.step is Step.REFUSE_LOWER:
        _hindered(run, Reason.DOWNGRADE_REFUSED, f"{setting}: {verdict.why}")
    elif verdict.step is Step.WAIT:
        run.findings.add(Finding(_UP_TO_DATE, Reason.PENDING, f"{setting}: {verdict.why}"))
    elif not setting.can_go_back and sight.silent:
        silent = ", ".join(sight.silent)
        message = f"{setting}: waits for all nodes to tell their version; silent: {silent}"
        run.findings.add(Finding(_UP_TO_DATE, Reason.PENDING, message))
    elif setting.backup_first and not _is_confirmed(run, setting):
        _hindered(run, Reason.AWAITING_APPROVAL, _how_to_confirm(run, setting))
    else:
        return True
    return False


def _hindered(run: Round, reason: Reason, message: str) -> None:
    run.findings.add(Finding(_UP_TO_DATE, reason, message, needs_person=True))


def _changed_on_chain(setting: WantedSetting, now: str | None) -> str:
    found = "is not set any more" if now is None else f"was changed to {shown(now)} on chain"
    return (
        f"{setting}: it {found} by others, which is not undone: ask for what the chain has, or "
        "remove the setting from the resource, and then add it again"
    )


def _is_confirmed(run: Round, setting: WantedSetting) -> bool:
    return run.annotations.get(CONFIRM_BACKUP_ANNOTATION) == setting.change.value


def _how_to_confirm(run: Round, setting: WantedSetting) -> str:
    command = run.how_to_say(CONFIRM_BACKUP_ANNOTATION, setting.change.value)
    return f"{setting}: there is no way back. Make a backup of the chain's volumes, then: {command}"


async def _remember(
    founded: Founded,
    journal: Journal,
    wanted: tuple[WantedSetting, ...],
    values: Mapping[str, str],
) -> None:
    """Notes what the chain has as wanted. What is not asked for any more is forgotten: asked for
    again, it is a new wish."""
    run, before = founded.round, journal.chain.settings
    settings = {}
    for one in wanted:
        key = one.change.key
        if run.engine.judge_setting(one, values, {}, founded.seal).step is Step.NONE:
            settings[key] = one.change.value
        elif key in before:
            settings[key] = before[key]
    if settings == before:
        return
    noted = replace(journal, chain=replace(journal.chain, settings=settings))
    if await bring_one(run, desired_journal(run, noted)):
        for flag in sorted(before.keys() - settings.keys()):
            run.tell("SettingLeftAlone", f"{flag} stays {before[flag]} on chain: it is left alone")


async def _send(founded: Founded, view: ChainView, due: list[WantedSetting]) -> None:
    run, setting = founded.round, due[0]
    run.memory.settings = None
    if await enact(founded, view, setting.change, _UP_TO_DATE, str(setting)):
        run.tell("SettingChanged", f"the chain has {setting.change.key} {setting.change.value} now")
        message = f"{setting}: the chain has it; what else is due comes next"
        run.findings.add(Finding(_UP_TO_DATE, Reason.PENDING, message))
