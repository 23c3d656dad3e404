"""An application of a member: JSON-RPC over mutual TLS with what the operator hands to it.

Written as an SDK would: the server is verified by `ca.crt` of the member's client ConfigMap, and
the client shows `sdk.crt` with `sdk.key` of the Secret. Only transactions are encoded by the
engine's own code, which is held against vectors of real SDKs in the unit tests.
"""

import base64
import http.client
import itertools
import json
import secrets
import ssl
import tempfile
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall
from consortium_operator.engines.fisco_bcos.identity import new_account
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD, SUITES
from consortium_operator.engines.fisco_bcos.transaction import Transaction, sign
from tests.e2e.support.chain import Chain
from tests.e2e.support.forward import PortForward

RPC_PORT = 20200
# Deploys a contract of one byte, STOP: the smallest transaction that works on any chain.
_CODE = bytes.fromhex("6001600c60003960016000f300")
_BLOCKS_AHEAD = 500


@dataclass(frozen=True)
class Identity:
    """PEM texts: what a TLS client shows (`certificate`, `key`) and whom it believes (`ca`)."""

    certificate: bytes
    key: bytes
    ca: bytes

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # Nodes have no names that a client could know; that is as in the SDKs.
        context.check_hostname = False
        # The default of Python 3.13: a CA without key usage or key identifiers is refused.
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=self.ca.decode())
        with tempfile.NamedTemporaryFile() as file:
            file.write(self.certificate + b"\n" + self.key)
            file.flush()
            context.load_cert_chain(file.name)
        return context


def sdk_identity(chain: Chain, member: str) -> Identity:
    """What the operator hands to the member's applications."""
    name = f"{chain.name}-{member}-client"
    public = chain.get("configmap", name)["data"]
    private = secret_data(chain, name)
    return Identity(public["sdk.crt"].encode(), private["sdk.key"], public["ca.crt"].encode())


def secret_data(chain: Chain, name: str) -> dict[str, bytes]:
    data = chain.get("secret", name)["data"]
    return {key: base64.b64decode(value) for key, value in data.items()}


class RpcError(Exception):
    """The node's answer is an error."""


class Sdk:
    """One client of one node, which may meanwhile be restarted."""

    def __init__(self, chain: Chain, pod: str, identity: Identity) -> None:
        self._group = chain.manifest["spec"].get("fiscoBcos", {}).get("groupId", "group0")
        self._chain_id = chain.manifest["spec"]["chainId"]
        self._suite = suite_of(chain)
        self._forward = PortForward(chain.kubectl, chain.namespace, f"pod/{pod}", RPC_PORT)
        self._context = identity.context()
        self._ids = itertools.count(1)

    def __enter__(self) -> "Sdk":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._forward.drop()

    def call(self, method: str, *params: object, within: float = 10.0) -> Any:
        """The result. Raises RpcError, or OSError (ssl.SSLError is one) where nobody answers."""
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        try:
            answer = self._answer(json.dumps(body), within)
        except (OSError, http.client.HTTPException) as error:
            self._forward.drop()
            if isinstance(error, http.client.HTTPException):
                raise ConnectionError(f"{method}: {error!r}") from error
            raise
        if "error" in answer:
            raise RpcError(f"{method}: {answer['error']}")
        return answer["result"]

    def _connect(self, within: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "127.0.0.1", self._forward.port(), timeout=within, context=self._context
        )

    def _answer(self, body: str, within: float) -> Any:
        connection = self._connect(within)
        try:
            connection.request("POST", "/", body)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def height(self) -> int:
        return int(self.call("getBlockNumber", self._group, ""))

    def hashes(self, last: int) -> list[str]:
        """The hash of each block from 0 to `last`."""
        return [self.hash_of(number) for number in range(last + 1)]

    def hash_of(self, number: int) -> str:
        only_header = (True, False)
        return str(self.call("getBlockByNumber", self._group, "", number, *only_header)["hash"])

    def sealers(self) -> dict[str, int]:
        """Node id → weight."""
        found = self.call("getSealerList", self._group, "")
        return {one["nodeID"]: one["weight"] for one in found}

    def setting(self, key: str) -> str:
        """Of the running chain."""
        return str(self.call("getSystemConfigByKey", self._group, "", key)["value"])

    def send(self, account: PrivateFiles, within: float = 30.0) -> int:
        """Sends a transaction and returns the number of the block that holds it."""
        return int(self._transact(account, "", _CODE, within)["blockNumber"])

    def ask_contract(self, account: PrivateFiles, call: ContractCall) -> tuple[Any, ...]:
        """Calls a function of a system contract, by a transaction. Returns what it gives back."""
        receipt = self._transact(account, call.to, call.encode(self._suite), 30.0)
        return call.decode(bytes.fromhex(receipt["output"].removeprefix("0x")))

    def _transact(self, account: PrivateFiles, to: str, data: bytes, within: float) -> Any:
        """The receipt."""
        transaction = Transaction(
            chain_id=self._chain_id,
            group_id=self._group,
            block_limit=self.height() + _BLOCKS_AHEAD,
            nonce=str(secrets.randbits(128)),
            to=to,
            input=data,
        )
        raw = "0x" + sign(transaction, account, self._suite).encode().hex()
        receipt = self.call("sendTransaction", self._group, "", raw, False, within=within)
        assert receipt["status"] == 0, receipt
        return receipt


class LastingSdk(Sdk):
    """Holds its connection, as the SDKs do: one that was made in time outlives its certificates.
    When it breaks, the next one is made with the certificate that the cluster has then. How long
    an answer may take is what the first call on it said."""

    def __init__(self, chain: Chain, pod: str, member: str) -> None:
        super().__init__(chain, pod, sdk_identity(chain, member))
        self._chain, self._member = chain, member
        self._held: http.client.HTTPSConnection | None = None

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
        super().close()

    def _answer(self, body: str, within: float) -> Any:
        connection, self._held = self._held, None
        if connection is None:
            self._context = sdk_identity(self._chain, self._member).context()
            connection = self._connect(within)
            connection.connect()
        try:
            connection.request("POST", "/", body)
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        self._held = connection
        return answer


def an_account(suite: CryptoSuite = STANDARD) -> PrivateFiles:
    """A user of the chain: nobody that the operator knows."""
    return new_account(suite)


def suite_of(chain: Chain) -> CryptoSuite:
    wanted = chain.manifest["spec"].get("fiscoBcos", {}).get("cryptography", "Standard")
    return SUITES[Cryptography(wanted)]
