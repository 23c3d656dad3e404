"""The sealed settings: what is fixed at founding beside the text of config.genesis.

Some stand in config.ini, where a later value would corrupt the ledger; the others are the defaults
that depended on the version, kept so that nobody has to know which version founded the chain.
"""

from dataclasses import dataclass

from consortium_operator.api.fisco_bcos import FiscoBcos
from consortium_operator.chain.genesis import Seal, TamperedGenesis
from consortium_operator.engines.fisco_bcos.config_keys import CONFIG_KEYS
from consortium_operator.engines.fisco_bcos.genesis_keys import GENESIS_KEYS
from consortium_operator.engines.fisco_bcos.key_table import Table, boolean
from consortium_operator.engines.fisco_bcos.versions import NodeVersion

# Field of `SealedSettings` → its name in the genesis ConfigMap.
_NAMES = {
    "version": "version",
    "compatibility_version": "compatibilityVersion",
    "executor_version": "executorVersion",
    "web3_chain_id": "web3ChainId",
    "key_page_size": "keyPageSize",
    "separate_block_state": "separateBlockState",
    "storage_type": "storageType",
    "data_path": "dataPath",
}


@dataclass(frozen=True, slots=True)
class SealedSettings:
    """All as the node reads them, but for `version`, the release that founded the chain.
    `data_path` is relative to the node's data directory."""

    version: str
    compatibility_version: str
    executor_version: str
    web3_chain_id: str
    key_page_size: str
    separate_block_state: str
    storage_type: str
    data_path: str

    def to_seal(self) -> dict[str, str]:
        return {name: str(getattr(self, field)) for field, name in _NAMES.items()}

    @classmethod
    def of(cls, seal: Seal) -> "SealedSettings":
        """Raises TamperedGenesis."""
        missing = sorted(name for name in _NAMES.values() if name not in seal.settings)
        if missing:
            raise TamperedGenesis(f"the sealed settings lack {', '.join(missing)}")
        return cls(**{field: seal.settings[name] for field, name in _NAMES.items()})


def resolve(spec: FiscoBcos, version: NodeVersion) -> SealedSettings:
    """What the spec leaves open is what build_chain.sh of this version writes; but executor 1 runs
    no WebAssembly (transaction-executor, HostContext.h)."""
    genesis, ledger = spec.genesis, spec.ledger
    executor = 0 if spec.executor.wasm else spec.executor.version

    def chosen(value: object, table: Table, section: str, name: str) -> str:
        if value is not None:
            return str(value)
        key = table.key(section, name)
        assert key is not None
        return key.default_at(version.version)

    return SealedSettings(
        version=version.tag,
        compatibility_version=genesis.compatibility_version or str(version.max_compatibility),
        executor_version=chosen(executor, GENESIS_KEYS, "executor", "version"),
        web3_chain_id=chosen(genesis.web3_chain_id, GENESIS_KEYS, "web3", "chain_id"),
        key_page_size=chosen(ledger.key_page_size, CONFIG_KEYS, "storage", "key_page_size"),
        separate_block_state=boolean(ledger.separate_block_state),
        storage_type="RocksDB",
        data_path="data",
    )
