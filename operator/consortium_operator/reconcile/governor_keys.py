"""The keys that a change of the chain may be signed with: read when one is sent, and not kept."""

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.fisco_bcos import Governor
from consortium_operator.chain.naming import chain_labels
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.protocol import ChainCallFailed, InvalidMaterial
from consortium_operator.kube.kinds import SECRET, ObjectKey
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.keys import read_secret, why_not_brought
from consortium_operator.reconcile.world import Custody, Round


def addresses(run: Round, custody: Custody) -> frozenset[str]:
    """Of the accounts whose keys are here, as far as the resource and the registers say."""
    governors = run.plan.spec.fisco_bcos.governors
    brought = {one.address.lower() for one in governors if one.secret_name is not None}
    return frozenset(brought | {one.address for one in custody.admins.values()})


async def read_accounts(run: Round) -> list[PrivateFiles]:
    """The operator's own account first. Whatever is wrong with a governor's Secret is a finding,
    and the others are used. Raises ChainCallFailed without the operator's own."""
    own = await read_secret(run, run.key.admin, chain_labels(run.key.name, run.plan.engine))
    if own is None:
        raise ChainCallFailed(f"Secret {run.key.admin} with the account is not there")
    governors = run.plan.spec.fisco_bcos.governors
    brought = [await _read(run, one, one.secret_name) for one in governors if one.secret_name]
    return [own, *(one for one in brought if one is not None)]


async def _read(run: Round, governor: Governor, name: str) -> PrivateFiles | None:
    secret = await run.world.client.get(ObjectKey(SECRET, run.key.namespace, name))
    if secret is None:
        why = "does not exist: create it with the key account.pem"
        _refuse(run, Reason.SECRET_NOT_FOUND, governor, why)
        return None
    why_not = why_not_brought(run, secret)
    if why_not is not None:
        _refuse(run, Reason.INVALID, governor, why_not)
        return None
    try:
        files = PrivateFiles.from_secret_data(secret.get("data"))
        found = run.engine.account_register(files).address
    except (InvalidMaterial, ValueError) as error:
        _refuse(run, Reason.INVALID, governor, f"cannot be used: {error}")
        return None
    if found != governor.address.lower():
        _refuse(run, Reason.INVALID, governor, f"holds the key of {found}")
        return None
    return files


def _refuse(run: Round, reason: Reason, governor: Governor, why: str) -> None:
    message = f"Secret {governor.secret_name} of governor {governor.address} {why}"
    needs_person = reason is Reason.INVALID
    run.findings.add(Finding(ConditionType.IDENTITIES_INTACT, reason, message, needs_person))
