"""The conditions of a chain and the reasons that may stand on them: both lists are closed.

A condition answers one question about the chain. Whoever sets one picks the type and the reason
from here; what must be said beyond that goes into the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import AwareDatetime, Field, WithJsonSchema, field_serializer

from consortium_operator.api.base import Integer, ObservedPart
from consortium_operator.api.moment import rfc3339


class ConditionType(StrEnum):
    """The questions. All but Reconciling and Stalled are good when true."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    SPEC_VALID = "SpecValid"
    IDENTITIES_INTACT = "IdentitiesIntact"
    GENESIS_SEALED = "GenesisSealed"
    CERTIFICATES_VALID = "CertificatesValid"
    NODES_READY = "NodesReady"
    QUORUM_HEALTHY = "QuorumHealthy"
    CHAIN_CONSISTENT = "ChainConsistent"
    MEMBERSHIP_IN_SYNC = "MembershipInSync"
    UP_TO_DATE = "UpToDate"
    GOVERNANCE_HANDED_OVER = "GovernanceHandedOver"


class ConditionStatus(StrEnum):
    """The answers."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Why a condition has its answer. REASONS says which reason may stand where."""

    AS_EXPECTED = "AsExpected"
    PENDING = "Pending"
    FORBIDDEN = "Forbidden"

    INVALID = "Invalid"
    IMAGE_REQUIRED = "ImageRequired"
    UNKNOWN_VERSION = "UnknownVersion"
    IMMUTABLE_FIELD_CHANGED = "ImmutableFieldChanged"
    NAME_CONFLICT = "NameConflict"
    CHAIN_ID_NOT_UNIQUE = "ChainIdNotUnique"

    NODE_KEY_MISSING = "NodeKeyMissing"
    NODE_KEY_MISMATCH = "NodeKeyMismatch"
    CA_KEY_MISSING = "CAKeyMissing"
    RETAINED_DATA_CONFLICT = "RetainedDataConflict"
    SECRET_NOT_FOUND = "SecretNotFound"

    WAITING_FOR_IDENTITIES = "WaitingForIdentities"
    GENESIS_TAMPERED = "GenesisTampered"
    GENESIS_MISMATCH = "GenesisMismatch"

    RENEWING = "Renewing"
    EXPIRED = "Expired"
    AWAITING_RESTART = "AwaitingRestart"

    RESTARTED_AT_GENESIS = "RestartedAtGenesis"
    NODE_HUNG = "NodeHung"
    IMAGE_PULL = "ImagePull"
    UNSCHEDULABLE = "Unschedulable"
    QUOTA_EXCEEDED = "QuotaExceeded"
    VOLUME_LOST = "VolumeLost"
    NODE_DOWN = "NodeDown"
    HIBERNATED = "Hibernated"

    QUORUM_LOST = "QuorumLost"
    NODE_HEAVIER_THAN_F = "NodeHeavierThanF"
    NO_FAULT_TOLERANCE = "NoFaultTolerance"
    WEIGHT_CONCENTRATION = "WeightConcentration"
    UNKNOWN = "Unknown"

    CHAIN_SPLIT = "ChainSplit"

    JOINING = "Joining"
    LEAVING = "Leaving"
    CATCHING_UP = "CatchingUp"
    QUORUM_UNSAFE = "QuorumUnsafe"
    AWAITING_VOTES = "AwaitingVotes"
    PROPOSAL_SLOT_BUSY = "ProposalSlotBusy"
    CHANGED_ON_CHAIN = "ChangedOnChain"

    ROLLING_OUT = "RollingOut"
    ROLLOUT_STUCK = "RolloutStuck"
    AWAITING_APPROVAL = "AwaitingApproval"
    AWAITING_ACCEPTANCE = "AwaitingAcceptance"
    DOWNGRADE_REFUSED = "DowngradeRefused"

    SOLE_GENERATED_ADMIN = "SoleGeneratedAdmin"
    AUTH_OFF = "AuthOff"


_ANYWHERE = frozenset({Reason.AS_EXPECTED, Reason.PENDING, Reason.FORBIDDEN})

_OWN: dict[ConditionType, frozenset[Reason]] = {
    ConditionType.SPEC_VALID: frozenset(
        {
            Reason.INVALID,
            Reason.IMAGE_REQUIRED,
            Reason.UNKNOWN_VERSION,
            Reason.IMMUTABLE_FIELD_CHANGED,
            Reason.NAME_CONFLICT,
            Reason.CHAIN_ID_NOT_UNIQUE,
        }
    ),
    ConditionType.IDENTITIES_INTACT: frozenset(
        {
            Reason.NODE_KEY_MISSING,
            Reason.NODE_KEY_MISMATCH,
            Reason.CA_KEY_MISSING,
            Reason.RETAINED_DATA_CONFLICT,
            Reason.SECRET_NOT_FOUND,
            Reason.INVALID,
        }
    ),
    ConditionType.GENESIS_SEALED: frozenset(
        {Reason.WAITING_FOR_IDENTITIES, Reason.GENESIS_TAMPERED, Reason.GENESIS_MISMATCH}
    ),
    ConditionType.CERTIFICATES_VALID: frozenset(
        {Reason.RENEWING, Reason.EXPIRED, Reason.AWAITING_RESTART}
    ),
    ConditionType.NODES_READY: frozenset(
        {
            Reason.RESTARTED_AT_GENESIS,
            Reason.NODE_HUNG,
            Reason.IMAGE_PULL,
            Reason.UNSCHEDULABLE,
            Reason.QUOTA_EXCEEDED,
            Reason.VOLUME_LOST,
            Reason.NODE_DOWN,
            Reason.HIBERNATED,
        }
    ),
    # The middle three stand on a condition that is still true: they are its warning.
    ConditionType.QUORUM_HEALTHY: frozenset(
        {
            Reason.QUORUM_LOST,
            Reason.NODE_HEAVIER_THAN_F,
            Reason.NO_FAULT_TOLERANCE,
            Reason.WEIGHT_CONCENTRATION,
            Reason.UNKNOWN,
        }
    ),
    ConditionType.CHAIN_CONSISTENT: frozenset({Reason.GENESIS_MISMATCH, Reason.CHAIN_SPLIT}),
    ConditionType.MEMBERSHIP_IN_SYNC: frozenset(
        {
            Reason.JOINING,
            Reason.LEAVING,
            Reason.CATCHING_UP,
            Reason.QUORUM_UNSAFE,
            Reason.AWAITING_VOTES,
            Reason.PROPOSAL_SLOT_BUSY,
            Reason.CHANGED_ON_CHAIN,
        }
    ),
    ConditionType.UP_TO_DATE: frozenset(
        {
            Reason.ROLLING_OUT,
            Reason.ROLLOUT_STUCK,
            Reason.AWAITING_APPROVAL,
            Reason.AWAITING_ACCEPTANCE,
            Reason.DOWNGRADE_REFUSED,
            # Of settings of the running chain (docs/decisions/0011).
            Reason.AWAITING_VOTES,
            Reason.PROPOSAL_SLOT_BUSY,
            Reason.CHANGED_ON_CHAIN,
        }
    ),
    ConditionType.GOVERNANCE_HANDED_OVER: frozenset(
        {
            Reason.SOLE_GENERATED_ADMIN,
            Reason.AUTH_OFF,
            Reason.AWAITING_VOTES,
            Reason.PROPOSAL_SLOT_BUSY,
            Reason.CHANGED_ON_CHAIN,
        }
    ),
}

# Ready, Reconciling and Stalled speak for the others, so they repeat the others' reasons.
_SUMMARIES = (ConditionType.READY, ConditionType.RECONCILING, ConditionType.STALLED)

REASONS: Mapping[ConditionType, frozenset[Reason]] = MappingProxyType(
    {type_: frozenset(Reason) for type_ in _SUMMARIES}
    | {type_: own | _ANYWHERE for type_, own in _OWN.items()}
)


class Condition(ObservedPart):
    """One answer about the chain."""

    # The CRD does not list types and reasons: a status written by a newer operator must still be
    # accepted after a downgrade of the CRD.
    type: Annotated[
        ConditionType, WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 316})
    ] = Field(description="What is judged, such as Ready or QuorumHealthy.")
    status: ConditionStatus = Field(description="True, False or Unknown.")
    reason: Annotated[
        Reason, WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 1024})
    ] = Field(description="Why, in one word that programs may rely on.")
    message: Annotated[str, Field(max_length=32768)] = Field(
        description="Why, in a sentence: what is concerned and what to do."
    )
    last_transition_time: AwareDatetime = Field(description="When the status last changed.")
    observed_generation: Annotated[Integer, Field(ge=0)] | None = Field(
        default=None, description="The generation of the spec that was judged."
    )

    @field_serializer("last_transition_time")
    def _to_seconds(self, moment: AwareDatetime) -> str:
        return rfc3339(moment)
