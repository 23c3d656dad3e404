"""Which peers a node accepts: the lists of config.ini, from spec.fiscoBcos.peers.

A node obeys an entry only in the form of its own world and ignores any other without a word
(GatewayConfig.cpp, initPeerWhitelistConfig): 512 hexadecimal digits, the RSA modulus; on SM chains
128, the SM2 point. With 0x before them it ignores them too: it turns the entry into capitals and
then looks for the small x. One entry that it obeys switches a list on; the deny list wins.
"""

from collections.abc import Collection, Iterator, Mapping

from consortium_operator.api.fisco_bcos import Cryptography, FiscoBcos, Peers, PeersMode
from consortium_operator.api.problem import Problem

PATH = "spec.fiscoBcos.peers"
_DIGITS = {Cryptography.STANDARD: 512, Cryptography.SM: 128}


def access_lists(peers: Peers, chain_tls_ids: Collection[str]) -> dict[str, Mapping[str, str]]:
    """The two sections. `chain_tls_ids`: of all nodes of the chain; they are listed only where
    the resource asks for it, since a change of a list restarts the nodes."""
    listed = {*chain_tls_ids, *peers.allow} if peers.mode is PeersMode.LISTED else set()
    return {
        "certificate_blacklist": _numbered("crl", peers.deny),
        "certificate_whitelist": _numbered("cal", listed),
    }


def names_all_nodes(peers: Peers) -> bool:
    """Whether each node's config.ini depends on all nodes of the chain."""
    return peers.mode is PeersMode.LISTED


def _numbered(prefix: str, tls_ids: Collection[str]) -> dict[str, str]:
    return {f"{prefix}.{index}": tls_id for index, tls_id in enumerate(sorted(tls_ids))}


def problems(spec: FiscoBcos) -> Iterator[Problem]:
    """Entries that a node would ignore, and lists that contradict each other."""
    peers = spec.peers
    if peers.allow and peers.mode is PeersMode.OPEN:
        yield Problem(f"{PATH}.allow", "has no effect with mode: Open: set mode: Listed")
    for field, tls_ids in (("allow", peers.allow), ("deny", peers.deny)):
        for index, tls_id in enumerate(tls_ids):
            complaint = _complaint(spec.cryptography, tls_id)
            if complaint is not None:
                yield Problem(f"{PATH}.{field}[{index}]", complaint)
    for index, tls_id in enumerate(peers.deny):
        if tls_id in peers.allow:
            yield Problem(f"{PATH}.deny[{index}]", "is in allow too, and deny would win")


def _complaint(cryptography: Cryptography, tls_id: str) -> str | None:
    digits = _DIGITS[cryptography]
    if len(tls_id) != digits:
        return (
            f"must have {digits} digits with cryptography: {cryptography.value}: a node ignores "
            "others"
        )
    return "must not be zero: a node ignores it" if not tls_id.strip("0") else None
