"""For a person who governs: the chain is known by what one of its nodes says, not by a resource."""

from dataclasses import dataclass, replace

from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall
from consortium_operator.engines.fisco_bcos.governance.committee import Ballot
from consortium_operator.engines.fisco_bcos.governance.outcomes import Outcome
from consortium_operator.engines.fisco_bcos.identity import (
    ACCOUNT_KEY,
    CLIENT_KEY,
    account_register,
)
from consortium_operator.engines.fisco_bcos.node import answers
from consortium_operator.engines.fisco_bcos.node.asking import ask
from consortium_operator.engines.fisco_bcos.node.governance import Governance
from consortium_operator.engines.fisco_bcos.node.rpc import CallFailed, Limits, open_connection
from consortium_operator.engines.fisco_bcos.node.sending import Sender
from consortium_operator.engines.fisco_bcos.suites.table import SUITES
from consortium_operator.engines.protocol import ClientIdentity, NodeEndpoint

# config.genesis cannot be read over JSON-RPC. Nearly all chains allow the first, all the last; and
# a node that allows less refuses at once (BlockLimitCheckFail).
_BLOCKS_AHEAD, _FEWER_BLOCKS = 100, (10, 1)
_BLOCK_LIMIT_REFUSED = 10001
# For the transaction that made a proposal whole blocks are looked through.
_WHOLE_BLOCKS = Limits(answer=8 << 20)


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """`client_key` and `certificate`: sdk.key and sdk.crt; `authorities`: ca.crt beside them."""

    client_key: bytes
    certificate: str
    authorities: str


@dataclass(frozen=True, slots=True)
class Access:
    """The way to a node. `credentials`: None for one that speaks plain HTTP (rpc.tls: false)."""

    host: str
    port: int
    credentials: Credentials | None


async def reach(access: Access) -> Governance:
    """Raises ChainCallFailed."""
    name = f"{access.host}:{access.port}"
    endpoint = NodeEndpoint(name, access.host, access.port, "", plain=access.credentials is None)
    identity = ClientIdentity(PrivateFiles({}), "")
    if access.credentials is not None:
        endpoint = replace(endpoint, authorities=access.credentials.authorities)
        key = PrivateFiles({CLIENT_KEY: access.credentials.client_key})
        identity = ClientIdentity(key, access.credentials.certificate)
    async with open_connection(endpoint, identity, Limits()) as node:
        groups = await ask(node, answers.GROUPS, "getGroupList")
        group = await ask(node, answers.GROUP_OF_CHAIN, "getGroupInfo", groups.names[0])
    chain = group.nodes[0].info
    suite = SUITES[Cryptography.SM if chain.sm else Cryptography.STANDARD]
    sender = Sender(chain.chain_id, chain.group_id, _WHOLE_BLOCKS, suite=suite)
    return Governance(sender, endpoint, identity, block_limit=_BLOCKS_AHEAD)


def address_of(through: Governance, account_pem: bytes) -> str:
    """Raises InvalidMaterial where it is no key for a chain of this kind."""
    account = PrivateFiles({ACCOUNT_KEY: account_pem})
    return account_register(through.sender.suite, account).address


async def vote(
    through: Governance, account_pem: bytes, number: int, *, agree: bool
) -> tuple[str | None, Ballot]:
    """Why the chain refused it, or None, and the proposal as the chain has it afterwards. Raises
    ChainCallFailed."""
    account = PrivateFiles({ACCOUNT_KEY: account_pem})
    outcome = await _send(through, account, calls.vote(number, agree=agree))
    return outcome.refusal, await through.ballot(number)


async def _send(through: Governance, account: PrivateFiles, call: ContractCall) -> Outcome:
    """For as many blocks as the chain allows."""
    for fewer in _FEWER_BLOCKS:
        try:
            return await through.send(account, call)
        except CallFailed as error:
            if error.code != _BLOCK_LIMIT_REFUSED:
                raise
        through = replace(through, block_limit=fewer)
    return await through.send(account, call)
