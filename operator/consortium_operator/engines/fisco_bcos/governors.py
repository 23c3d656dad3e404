"""What is refused of the committee that the resource asks for."""

from collections.abc import Iterator

from consortium_operator.api.chain import ConsortiumChainSpec
from consortium_operator.api.problem import Problem
from consortium_operator.engines.fisco_bcos.key_table import UINT32_MAX

# VoteComputer.sol counts in 32 bits, and takes a hundred times the weight of the votes.
_MOST_WEIGHT = UINT32_MAX // 100


def problems(spec: ConsortiumChainSpec) -> Iterator[Problem]:
    part, members = spec.fisco_bcos, {member.name for member in spec.members}
    path = "spec.fiscoBcos.governors"
    if part.governors and not part.executor.auth_check:
        yield Problem(path, "needs executor.authCheck: true: without it nobody governs the chain")
    rates = part.governance_rates
    if not part.governors and (rates.participation or rates.win):
        yield Problem("spec.fiscoBcos.governanceRates", "needs governors beside it")
    if sum(governor.weight for governor in part.governors) > _MOST_WEIGHT:
        message = f"must have weights of at most {_MOST_WEIGHT} together: more do not count right"
        yield Problem(path, message)
    seen = set[str]()
    for index, governor in enumerate(part.governors):
        if governor.address.lower() in seen:
            yield Problem(f"{path}[{index}].address", "is there twice, in other letters")
        seen.add(governor.address.lower())
        if governor.member is not None and governor.member not in members:
            message = (
                f"{governor.member} is no member of the chain: where it leaves, take its governor "
                "out of the list in the same edit"
            )
            yield Problem(f"{path}[{index}].member", message)
