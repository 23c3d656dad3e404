"""Where everything of a node is: the files of its directory, its ledger, its ports.

Paths in config.ini are absolute: the node takes relative ones from its working directory, which
is the volume and not the directory of its files.
"""

from dataclasses import dataclass

from consortium_operator.api.fisco_bcos import P2P_PORT
from consortium_operator.chain.files import Port, Process
from consortium_operator.chain.plan import Plan

# One directory for each life span: the certificates and keys of conf/ cannot be mounted together
# with what a live ConfigMap adds to peers/ and trust/.
CONFIG_INI = "config/config.ini"
CONFIG_GENESIS = "genesis/config.genesis"
NODES_JSON = "peers/nodes.json"
CONF = "conf/"
NODE_PEM = "conf/node.pem"
TRUST_DIRECTORY = "trust/"

WEB3 = "web3"


@dataclass(frozen=True, slots=True)
class Layout:
    """`files_dir` holds the files above, `data_dir` is the working directory and writable."""

    files_dir: str
    data_dir: str
    p2p_port: int

    def file(self, path: str) -> str:
        return f"{self.files_dir}/{path}".rstrip("/")

    def directory(self, path: str) -> str:
        return self.file(path.rpartition("/")[0])


POD = Layout(files_dir="/etc/fisco-bcos", data_dir="/var/lib/fisco-bcos", p2p_port=P2P_PORT)


def process(plan: Plan) -> Process:
    """How the node's process is started in a pod."""
    spec = plan.spec.fisco_bcos
    return Process(
        args=("-c", POD.file(CONFIG_INI), "-g", POD.file(CONFIG_GENESIS)),
        files_dir=POD.files_dir,
        data_dir=POD.data_dir,
        p2p=Port("p2p", POD.p2p_port),
        rpc=Port("rpc", spec.rpc.port),
        rpc_is_plain=not spec.rpc.tls,
        for_clients=(Port(WEB3, spec.web3_rpc.port),) if spec.web3_rpc.enabled else (),
    )


def public_image(version: str) -> str:
    """What build_chain.sh runs in its docker mode; its entry point is the node's program."""
    return f"fiscoorg/fiscobcos:v{version}"
