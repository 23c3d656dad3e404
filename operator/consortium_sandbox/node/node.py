"""One running node: everything opened in the real node's order, wired together, and stopped."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable
from typing import Any

from consortium_sandbox.node import consensus as consensus_module
from consortium_sandbox.node import submit, sync
from consortium_sandbox.node.certificates import load_own_certificate
from consortium_sandbox.node.consensus import Consensus, Parts
from consortium_sandbox.node.datadir import open_directory
from consortium_sandbox.node.executed import Executed
from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.gateway.handshake import Handshake, TlsHandshake
from consortium_sandbox.node.gateway.service import Gateway, Identity
from consortium_sandbox.node.ini import Tree, parse_file
from consortium_sandbox.node.ledger import open_ledger
from consortium_sandbox.node.log import Log
from consortium_sandbox.node.opened import Opened
from consortium_sandbox.node.pbft.votelog import VoteLog
from consortium_sandbox.node.peers import load_peers
from consortium_sandbox.node.rpc.http import HttpServer
from consortium_sandbox.node.rpc.methods import Methods, Services
from consortium_sandbox.node.rpc.server import JsonRpc
from consortium_sandbox.node.rpc.web3 import Web3
from consortium_sandbox.node.settings import (
    NodeSettings,
    certificate_lists,
    check_rpc_port,
)
from consortium_sandbox.node.tls import p2p_contexts, rpc_context, tlcp_context
from consortium_sandbox.node.txpool import TransactionPool


class Node:
    """Built from the files; raises StartFailed where a real node would not start."""

    def __init__(self, opened: Opened, echo: Callable[[str], None]) -> None:
        settings, log = opened.settings, opened.log
        self._config_path = opened.config_path
        self._log = log
        self._release = opened.release
        self._rpc_settings, self._web3_settings = settings.rpc, settings.web3
        self._gateway = _gateway(opened)
        storage = settings.storage
        paths = sorted({storage.state_path, storage.block_path, storage.vote_path})
        self._locks = [open_directory(path, log) for path in paths]
        self._ledger = open_ledger(
            opened.genesis, storage.block_path, storage.state_path, opened.release, echo
        )
        self._pool = TransactionPool(self._ledger, settings.pool)
        self._votes = VoteLog(storage.vote_path)
        parts = Parts(opened.key, self._ledger, self._pool, self._votes, log)
        self._consensus = Consensus(parts, settings.pool.min_seal_time, time.time)
        own_id = opened.key.node_id
        self._sync = sync.BlockSync(own_id, self._ledger, settings.serve_free_nodes, log)
        self._submitter = submit.Submitter(own_id, self._ledger, self._pool, settings.pool)
        check_rpc_port(settings.rpc.listen_port)
        self._methods = Methods(self._services(opened))
        self._http = HttpServer(
            JsonRpc(self._methods.table()).answer, _rpc_context(settings, log), log
        )
        self._web3_http = self._web3(log)
        self._wire()

    @property
    def is_hung(self) -> bool:
        return self._methods.hangs

    def start(self) -> None:
        """Within a running event loop. Raises StartFailed where a port is taken."""
        self._consensus.start()
        self._gateway.start()
        self._http.start(self._rpc_settings.listen_ip, self._rpc_settings.listen_port)
        if self._web3_http:
            self._web3_http.start(self._web3_settings.listen_ip, self._web3_settings.listen_port)
        self._sync.start()

    def stop(self) -> None:
        self._http.stop()
        if self._web3_http:
            self._web3_http.stop()
        self._gateway.stop()
        self._sync.stop()
        self._consensus.stop()
        self._votes.close()
        self._ledger.close()
        for lock in self._locks:
            os.close(lock)
        self._locks = []

    def reload_peers(self) -> None:
        """SIGUSR1: nodes.json and the certificate lists."""
        tree = self._reread()
        if tree is not None:
            self._gateway.reload(*certificate_lists(tree))

    def reload_log_level(self) -> None:
        """SIGUSR2."""
        tree = self._reread()
        if tree is not None:
            self._log.set_level(tree.text("log.level", "info").lower())

    def _reread(self) -> Tree | None:
        try:
            return self._release.as_read(parse_file(self._config_path))
        except StartFailed as error:
            self._log.warning("[Gateway]reload config.ini failed", error=error.what)
            return None

    def _services(self, opened: Opened) -> Services:
        return Services(
            ledger=self._ledger,
            pool=self._pool,
            consensus=self._consensus,
            sync=self._sync,
            gateway=self._gateway,
            submitter=self._submitter,
            release=opened.release,
            endpoint=f"{opened.p2p.listen_ip}:{opened.p2p.listen_port}",
            return_input=opened.settings.rpc.return_input,
        )

    def _web3(self, log: Log) -> HttpServer | None:
        if not self._web3_settings.enabled:
            return None
        check_rpc_port(self._web3_settings.listen_port)
        web3 = Web3(self._ledger, self._sync, self._web3_settings.batch_limit)
        return HttpServer(web3.answer, None, log)

    def _wire(self) -> None:
        send = self._gateway.send
        self._consensus.send = self._sync.send = self._submitter.send = send
        self._consensus.on_block = self._block_committed
        self._sync.adopt = self._consensus.adopt
        self._submitter.pool_changed = self._consensus.pool_changed
        self._gateway.on_message = self._receive
        self._gateway.on_change = self._reachable_changed

    def _receive(self, sender: str, module: str, body: Any) -> None:
        if module == consensus_module.MODULE:
            self._consensus.receive(body)
        elif module == sync.MODULE:
            self._sync.receive(sender, body)
        elif module == submit.MODULE:
            self._submitter.receive(sender, body)

    def _reachable_changed(self, reachable: frozenset[str]) -> None:
        self._sync.reachable_changed(reachable)
        self._submitter.reachable_changed(reachable)
        self._consensus.reachable_changed(reachable)

    def _block_committed(self, executed: Executed) -> None:
        self._submitter.block_committed(executed)
        self._sync.block_committed()

    def hang(self) -> None:
        """From now on the gateway has the deadlock that real nodes were seen with; only SIGKILL
        ends it."""
        self._methods.hang()
        self._gateway.deaf = True


def _gateway(opened: Opened) -> Gateway:
    settings, p2p = opened.settings, opened.p2p
    peers = load_peers(p2p.nodes_file)
    files = settings.sm_certificates if p2p.sm_tls else settings.certificates
    own = load_own_certificate(files.certificate)
    identity = Identity(own.p2p_id, opened.key.node_id, opened.genesis.chain.group_id)
    return Gateway(identity, p2p, _handshake(opened), peers, opened.log)


def _handshake(opened: Opened) -> Handshake:
    verify, log = opened.p2p.verify, opened.log
    if opened.p2p.sm_tls:
        # Imported only where it is needed: see suite_of.
        from consortium_sandbox.node.sm.handshake import SmHandshake

        return SmHandshake(opened.settings.sm_certificates, verify, log)
    return TlsHandshake(p2p_contexts(opened.settings.certificates, verify, log))


def _rpc_context(settings: NodeSettings, log: Log) -> ssl.SSLContext | None:
    if not settings.rpc.tls:
        return None
    return tlcp_context() if settings.rpc.sm_tls else rpc_context(settings.certificates, log)
