"""config.toml of the FISCO BCOS Java SDK 3.x: how an application finds its member's nodes.

Every value is a string, because the SDK casts it to one. `useSMCrypto` is the TLS of JSON-RPC,
which is the ordinary one on SM chains as well; the ledger's cryptography the SDK asks of the node.
"""

import json
from collections.abc import Sequence

from consortium_operator.api.fisco_bcos import FiscoBcos

CONFIG = "config.toml"


def config_toml(spec: FiscoBcos, directory: str, peers: Sequence[str]) -> str:
    """`directory`: where the application finds ca.crt, sdk.crt and sdk.key; `peers`: HOST:PORT."""
    sections: dict[str, dict[str, str | list[str]]] = {
        # Not `enableSsl`, which wins where it is set: older releases do not know it.
        "cryptoMaterial": {
            "certPath": directory,
            "useSMCrypto": "false",
            "disableSsl": "false" if spec.rpc.tls else "true",
        },
        "network": {
            "messageTimeout": "10000",
            "defaultGroup": spec.group_id,
            "peers": list(peers),
        },
        # Absent settings are the SDK's own defaults, but a section must be there.
        "account": {"keyStoreDir": "account", "accountFileFormat": "pem"},
        "threadPool": {},
    }
    return "\n".join(_section(name, values) for name, values in sections.items())


def _section(name: str, values: dict[str, str | list[str]]) -> str:
    # A JSON string is a TOML one as long as no letter is escaped beyond the first plane.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items()]
    return f"[{name}]\n" + "".join(lines)
