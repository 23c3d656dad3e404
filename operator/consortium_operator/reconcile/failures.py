"""What cuts a round short, as a finding: an API server that refuses or fails, and bugs of ours."""

from collections.abc import Awaitable

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import ChainKey
from consortium_operator.kube.errors import (
    ApiError,
    Forbidden,
    NamespaceTerminating,
    QuotaExceeded,
    TooManyRequests,
)
from consortium_operator.kube.kinds import SECRET
from consortium_operator.reconcile.findings import Blocked, Finding, Findings
from consortium_operator.reconcile.presence import ResourceGone
from consortium_operator.reconcile.world import ChainMemory, Round

PATIENCE = 3
"""So many rounds in a row may fail before the status tells of it: a hiccup of the API server is no
news, and would make Ready flicker."""


async def carry_out(run: Round, steps: Awaitable[None]) -> Exception | None:
    """Whatever stops the steps is a finding. Returns the failure that the queue should see; raises
    it as long as it is no news."""
    try:
        await steps
    except Blocked as blocked:
        run.findings.extend(blocked.findings)
    except (Forbidden, QuotaExceeded, NamespaceTerminating) as error:
        run.findings.add(_refused(error, run.key))
    except (ResourceGone, TooManyRequests):
        # Whoever asks for patience gets it: not even the status is written meanwhile.
        raise
    except Exception as error:
        return failed(error, run.memory, run.findings)
    return None


def failed(error: Exception, memory: ChainMemory, findings: Findings) -> Exception:
    """Has the status tell of a failure, which is returned; raises it as long as it is no news.

    Also of a bug: a status that nobody renews would go on saying that all is well.
    """
    if memory.failures + 1 < PATIENCE:
        memory.failures += 1
        raise error
    findings.add(_failing(error) if isinstance(error, ApiError) else _bug(error))
    return error


def unseen(refusal: Forbidden) -> Finding:
    """What is not seen may be there all the same, or be there no more."""
    message = (
        f"the operator may not {refusal.verb} objects of kind {refusal.key}, and leaves the chain "
        f"alone as long as it cannot see them: give it the chart's rights ({refusal.message})"
    )
    return Finding(ConditionType.NODES_READY, Reason.FORBIDDEN, message)


def _refused(error: ApiError, key: ChainKey) -> Finding:
    if isinstance(error, Forbidden):
        # In the words of RBAC: 'User "…" cannot create resource "secrets" …' (1.37). Admission
        # policies have words of their own, which for a Secret are withheld.
        also = "" if "cannot" in error.message else ", or have the admission policy let it pass"
        message = (
            f"the operator may not {error.verb} {error.key} in namespace {key.namespace}: add the "
            f"namespace to the chart's value chainNamespaces{also} ({error.message})"
        )
        is_key = SECRET in (error.key, getattr(error.key, "kind", None))
        condition = ConditionType.IDENTITIES_INTACT if is_key else ConditionType.NODES_READY
        return Finding(condition, Reason.FORBIDDEN, message)
    reason = Reason.QUOTA_EXCEEDED if isinstance(error, QuotaExceeded) else Reason.PENDING
    return Finding(ConditionType.NODES_READY, reason, str(error))


def _failing(error: ApiError) -> Finding:
    message = f"the API server did not carry out a step, which is tried again: {error}"
    return Finding(ConditionType.NODES_READY, Reason.PENDING, message)


def _bug(error: Exception) -> Finding:
    """Only by its name: nobody knows what its text quotes."""
    message = (
        f"the operator fails over this chain ({type(error).__name__}), which is a bug of it; the "
        "chain runs on as it is. The operator's log says where: please report it"
    )
    return Finding(ConditionType.NODES_READY, Reason.PENDING, message, needs_person=True)
