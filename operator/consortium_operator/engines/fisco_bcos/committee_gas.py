"""The gas that the committee needs of the chain's limit for one transaction.

Its contract (AuthInitializer.h, the same in all tags) is made in block 0 and called like any other.
To a node each access to the storage is a first one, and each write changes a value
(EVMHostInterface.h). So counted, by executing that contract: 635887 gas to make it; for the dearest
call, the vote that decides, 303000 with one governor and 1205000 with 64 who all vote. What the
built-in contracts then take is beside it. Before 3.15.1 executor 0 gave the committee gas without a
limit (BlockExecutive.cpp); a chain that is raised loses that.
"""

from collections.abc import Iterator

from consortium_operator.api.fisco_bcos import FiscoBcos
from consortium_operator.api.problem import Problem
from consortium_operator.engines.fisco_bcos.system_keys import SYSTEM_KEYS

_LEAST = 700_000
_WITHOUT_GOVERNORS, _EACH_GOVERNOR = 450_000, 15_000

_KEY = "tx_gas_limit"
_AT_FOUNDING = "spec.fiscoBcos.genesis.gasLimit"
_LATER = f"spec.fiscoBcos.onChain.systemConfig.{_KEY}"


def problems(spec: FiscoBcos) -> Iterator[Problem]:
    """Limits under which nobody could govern the chain, nor raise them again."""
    if not spec.executor.auth_check:
        return
    if spec.genesis.gas_limit < _LEAST:
        yield Problem(
            _AT_FOUNDING,
            f"must be at least {_LEAST} with executor.authCheck: true: with less the committee is "
            "not made, and nobody ever governs the chain",
        )
        return
    least = max(_LEAST, _WITHOUT_GOVERNORS + _EACH_GOVERNOR * len(spec.governors))
    asked = spec.on_chain.system_config.get(_KEY)
    if asked is None and spec.genesis.gas_limit < least:
        yield Problem(
            "spec.fiscoBcos.governors",
            f"need onChain.systemConfig.{_KEY} of at least {least}: with the founding's "
            f"{spec.genesis.gas_limit} the votes of so many would run out of gas",
        )
    if asked is None or SYSTEM_KEYS[_KEY].kind.complaint(asked) is not None:
        return
    if int(asked) < least:
        why = "with less its votes run out of gas, and nobody could raise it again"
        yield Problem(_LATER, f"must be at least {least} for the committee: {why}")
