"""Every metric of a chain: name, labels, meaning. Alert rules, dashboards and docs/metrics.md name
only what stands here or in `handlers/metrics.py`.

Labels are bounded: by the resource (namespace, chain, member, node) or by a closed list. Moments
are Unix times, so that `time() - …` is an age whenever it is asked.
"""

from dataclasses import dataclass

CHAIN = ("namespace", "chain")
MEMBER = (*CHAIN, "member")
NODE = (*MEMBER, "node")


@dataclass(frozen=True, slots=True)
class Metric:
    """`labels` in the order in which samples give their values."""

    name: str
    labels: tuple[str, ...]
    help: str
    is_counter: bool = False


# A chain.

CHAIN_INFO = Metric(
    "consortium_chain_info",
    (*CHAIN, "version"),
    "Always 1; the version of the node's program that the resource asks for.",
)
CHAIN_CONDITION = Metric(
    "consortium_chain_condition",
    (*CHAIN, "type", "status", "reason"),
    "Always 1; one for each condition of the resource, as it is now.",
)
CHAIN_HEIGHT = Metric(
    "consortium_chain_height_blocks",
    CHAIN,
    "The number of the highest block that a node of the chain has told.",
)
CHAIN_TOTAL_WEIGHT = Metric(
    "consortium_chain_total_weight",
    CHAIN,
    "The weight of all sealers of the running chain.",
)
CHAIN_REQUIRED_WEIGHT = Metric(
    "consortium_chain_required_weight",
    CHAIN,
    "The least weight that must be live for a block: the quorum.",
)
CHAIN_LIVE_WEIGHT = Metric(
    "consortium_chain_live_weight",
    CHAIN,
    "The weight of the sealers that take part.",
)
CHAIN_MARGIN_WEIGHT = Metric(
    "consortium_chain_margin_weight",
    CHAIN,
    "Live weight less required weight: what may still be lost. Below 0 no block is made.",
)
CHAIN_SEALERS = Metric(
    "consortium_chain_sealers",
    CHAIN,
    "The sealers of the running chain.",
)
CHAIN_LIVE_SEALERS = Metric(
    "consortium_chain_live_sealers",
    CHAIN,
    "The sealers that take part.",
)
CHAIN_NODES = Metric(
    "consortium_chain_nodes",
    CHAIN,
    "The nodes of the resource, sealers and observers.",
)
CHAIN_PENDING = Metric(
    "consortium_chain_pending_transactions",
    CHAIN,
    "The most transactions that wait for a block at one node, of those that were asked last.",
)
CHAIN_VIEW_CHANGES = Metric(
    "consortium_chain_view_changes_total",
    CHAIN,
    "Changes of the consensus view, as when a leader makes no block in time, since the operator "
    "started.",
    is_counter=True,
)
CHAIN_LAST_READ = Metric(
    "consortium_chain_last_read_timestamp_seconds",
    CHAIN,
    "When a node of the chain last answered the operator. As old are the chain's numbers. Where "
    "none has since the operator started: since when its status has said so.",
)
CHAIN_LAST_RECONCILE = Metric(
    "consortium_chain_last_reconcile_timestamp_seconds",
    CHAIN,
    "When a round of reconcile last came to its end.",
)
CHAIN_RENEWAL = Metric(
    "consortium_chain_certificate_renewal_seconds",
    CHAIN,
    "How long before their end certificates are renewed (spec.certificates.renewBefore).",
)

# Certificates that are not a node's.

AUTHORITY_EXPIRY = Metric(
    "consortium_authority_certificate_expiry_timestamp_seconds",
    (*MEMBER, "authority"),
    "When the member's newest CA of this kind ends: node (peers) or client (RPC).",
)
CLIENT_EXPIRY = Metric(
    "consortium_client_certificate_expiry_timestamp_seconds",
    (*MEMBER, "client"),
    "When the certificate of a client of the member ends: sdk (applications) or operator.",
)

# A node.

NODE_INFO = Metric(
    "consortium_node_info",
    (*NODE, "pod", "version"),
    "Always 1; the node's pod, and the version that its process reports.",
)
NODE_STATE = Metric(
    "consortium_node_state",
    (*NODE, "state"),
    "Always 1; how the node is doing, in the word of the resource's status.",
)
NODE_ROLE = Metric(
    "consortium_node_role",
    (*NODE, "role"),
    "Always 1; what the node is on the running chain: Sealer, Candidate (an RPBFT sealer that "
    "waits for its turn), Observer or Outside.",
)
NODE_UP = Metric(
    "consortium_node_up",
    NODE,
    "1 where the node answers everything, has our genesis and is at most 10 blocks behind.",
)
NODE_LIVE = Metric(
    "consortium_node_live",
    NODE,
    "1 where the node is up and sealers that make a quorum with it are connected to it.",
)
NODE_LEADER = Metric(
    "consortium_node_leader",
    NODE,
    "1 where it was the node's turn to propose the next block. It goes round with every block.",
)
NODE_WEIGHT = Metric(
    "consortium_node_weight",
    NODE,
    "The weight of the node's vote on the running chain; 0 where it has none.",
)
NODE_HEIGHT = Metric(
    "consortium_node_height_blocks",
    NODE,
    "The number of the node's last block, by its last answer.",
)
NODE_LAG = Metric(
    "consortium_node_lag_blocks",
    NODE,
    "How many blocks the node is behind the highest of its chain.",
)
NODE_VIEW = Metric(
    "consortium_node_view",
    NODE,
    "The node's consensus view, by its last full answer.",
)
NODE_PEERS = Metric(
    "consortium_node_peers",
    NODE,
    "The nodes of the chain that the node is connected to, by its last answer.",
)
NODE_PENDING = Metric(
    "consortium_node_pending_transactions",
    NODE,
    "Transactions in the node's pool that wait for a block, by its last full answer.",
)
NODE_EXPIRY = Metric(
    "consortium_node_certificate_expiry_timestamp_seconds",
    NODE,
    "When the certificate that the node runs with ends.",
)
NODE_LAST_ANSWER = Metric(
    "consortium_node_last_answer_timestamp_seconds",
    NODE,
    "When the node last answered the operator. As old are the node's numbers.",
)

CATALOGUE = (
    CHAIN_INFO,
    CHAIN_CONDITION,
    CHAIN_HEIGHT,
    CHAIN_TOTAL_WEIGHT,
    CHAIN_REQUIRED_WEIGHT,
    CHAIN_LIVE_WEIGHT,
    CHAIN_MARGIN_WEIGHT,
    CHAIN_SEALERS,
    CHAIN_LIVE_SEALERS,
    CHAIN_NODES,
    CHAIN_PENDING,
    CHAIN_VIEW_CHANGES,
    CHAIN_LAST_READ,
    CHAIN_LAST_RECONCILE,
    CHAIN_RENEWAL,
    AUTHORITY_EXPIRY,
    CLIENT_EXPIRY,
    NODE_INFO,
    NODE_STATE,
    NODE_ROLE,
    NODE_UP,
    NODE_LIVE,
    NODE_LEADER,
    NODE_WEIGHT,
    NODE_HEIGHT,
    NODE_LAG,
    NODE_VIEW,
    NODE_PEERS,
    NODE_PENDING,
    NODE_EXPIRY,
    NODE_LAST_ANSWER,
)
