"""The resource held against the seal: which of its founding fields say something else.

A resource that was deleted and written anew may name another chain than the one whose keys, genesis
and volumes were kept. Nothing is decided here: what differs is named.
"""

from dataclasses import dataclass

from consortium_operator.api.conditions import Reason
from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.api.problem import Problem
from consortium_operator.chain.genesis import Founder, Seal, TamperedGenesis
from consortium_operator.chain.plan import Plan
from consortium_operator.engines.fisco_bcos.genesis import Genesis
from consortium_operator.engines.fisco_bcos.key_table import boolean
from consortium_operator.engines.fisco_bcos.sealed import SealedSettings


@dataclass(frozen=True, slots=True)
class _Field:
    """`wanted`: as the spec says it; None where it leaves the field open. `sealed`: as founded."""

    path: str
    wanted: object
    sealed: object

    @property
    def differs(self) -> bool:
        return self.wanted is not None and self.wanted != self.sealed

    @property
    def sealed_as_written(self) -> str:
        """As one writes it in YAML."""
        return boolean(self.sealed) if isinstance(self.sealed, bool) else str(self.sealed)


def check_seal(plan: Plan, seal: Seal) -> tuple[Problem, ...]:
    """Founding fields that contradict the seal. Members are not among them: those that came
    later or left are transactions.

    Raises TamperedGenesis where the seal contradicts itself.
    """
    genesis, sealed = Genesis.read(seal.text), SealedSettings.of(seal)
    _check_agreement(genesis, sealed, seal.founders)
    fields = (
        *_identity_fields(plan, genesis),
        *_genesis_fields(plan, genesis, sealed),
        *_executor_fields(plan, genesis, sealed),
        _Field("spec.fiscoBcos.genesisSha256", plan.spec.fisco_bcos.genesis_sha256, seal.sha256),
    )
    return tuple(
        Problem(
            field.path,
            f"the chain was founded with {field.sealed_as_written}: put that back, or found a "
            "chain of another name",
            Reason.RETAINED_DATA_CONFLICT,
        )
        for field in fields
        if field.differs
    )


def _identity_fields(plan: Plan, genesis: Genesis) -> tuple[_Field, ...]:
    spec, consensus = plan.spec.fisco_bcos, plan.spec.fisco_bcos.consensus
    at = "spec.fiscoBcos"
    world = Cryptography.SM if genesis.sm_crypto else Cryptography.STANDARD
    is_rpbft = genesis.consensus_type == "rpbft"
    return (
        _Field("spec.chainId", plan.spec.chain_id, genesis.chain_id),
        _Field(f"{at}.groupId", spec.group_id, genesis.group_id),
        _Field(f"{at}.cryptography", spec.cryptography.value, world.value),
        _Field(f"{at}.consensus.type", consensus.type.value, genesis.consensus_type.upper()),
        _Field(
            f"{at}.consensus.blockTxCountLimit",
            consensus.block_tx_count_limit,
            genesis.block_tx_count_limit,
        ),
        _Field(f"{at}.consensus.leaderPeriod", consensus.leader_period, genesis.leader_period),
        # Nobody reads the epochs of another consensus.
        _Field(
            f"{at}.consensus.epochSealerNum",
            consensus.epoch_sealer_num if is_rpbft else None,
            genesis.epoch_sealer_num,
        ),
        _Field(
            f"{at}.consensus.epochBlockNum",
            consensus.epoch_block_num if is_rpbft else None,
            genesis.epoch_block_num,
        ),
    )


def _genesis_fields(plan: Plan, genesis: Genesis, sealed: SealedSettings) -> tuple[_Field, ...]:
    spec, ledger = plan.spec.fisco_bcos.genesis, plan.spec.fisco_bcos.ledger
    at = "spec.fiscoBcos.genesis"
    features = sorted(flag for flag, on in genesis.features if on)
    page_size = None if ledger.key_page_size is None else str(ledger.key_page_size)
    return (
        _Field(
            f"{at}.compatibilityVersion",
            spec.compatibility_version,
            str(genesis.compatibility_version),
        ),
        _Field(f"{at}.gasLimit", spec.gas_limit, genesis.gas_limit),
        _Field(f"{at}.blockLimit", spec.block_limit, genesis.block_limit),
        _Field(f"{at}.web3ChainId", spec.web3_chain_id, sealed.web3_chain_id),
        _Field(f"{at}.features", sorted(spec.features), features),
        _Field("spec.fiscoBcos.ledger.keyPageSize", page_size, sealed.key_page_size),
        _Field(
            "spec.fiscoBcos.ledger.separateBlockState",
            boolean(ledger.separate_block_state),
            sealed.separate_block_state,
        ),
    )


def _executor_fields(plan: Plan, genesis: Genesis, sealed: SealedSettings) -> tuple[_Field, ...]:
    spec = plan.spec.fisco_bcos.executor
    at = "spec.fiscoBcos.executor"
    account = spec.auth_admin_account
    version = None if spec.version is None else str(spec.version)
    return (
        _Field(f"{at}.wasm", spec.wasm, genesis.is_wasm),
        _Field(f"{at}.serial", spec.serial, genesis.is_serial_execute),
        _Field(f"{at}.authCheck", spec.auth_check, genesis.is_auth_check),
        # One account whatever its case; block 0 keeps the founding one.
        _Field(
            f"{at}.authAdminAccount",
            None if account is None else account.lower(),
            genesis.auth_admin_account.lower(),
        ),
        _Field(f"{at}.version", version, sealed.executor_version),
    )


def _check_agreement(
    genesis: Genesis, sealed: SealedSettings, founders: tuple[Founder, ...]
) -> None:
    """Text, founders table and sealed settings were made together, so they agree."""
    table = tuple(sorted((founder.node_id, founder.weight) for founder in founders))
    if table != genesis.sealers:
        raise TamperedGenesis("config.genesis and the founders table name other sealers")
    pairs = (
        (str(genesis.compatibility_version), sealed.compatibility_version),
        (str(genesis.executor_version), sealed.executor_version),
        (genesis.web3_chain_id, sealed.web3_chain_id),
    )
    if any(in_text != in_settings for in_text, in_settings in pairs):
        raise TamperedGenesis("config.genesis and the sealed settings contradict each other")
