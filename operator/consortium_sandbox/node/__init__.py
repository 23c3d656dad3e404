"""A stand-in for a FISCO BCOS 3.x (Air) node: the same files in, the same behaviour out.

It is not FISCO BCOS and says so in `--version` and in `binaryInfo.gitCommitHash`. It exists so that
everything around a node (configuration, certificates, probes, restarts, membership) can be run for
real where no node binary is. Started exactly like the node::

    python -m consortium_sandbox.node -c config.ini -g config.genesis

What is real: the dialect of both files and what stops the process, mutual TLS 1.2, weighted PBFT
with signed messages, blocks on disk, synchronisation, native transactions, the membership and
system-configuration contracts, JSON-RPC. What is not: there is no EVM (a deployed contract has an
address and code, but calling it does nothing), no AMOP, no WebSocket, no SM.

How the modules fit, from the bottom up:

- `ini`, `versions`, `settings`, `genesis`, `peers`: what the files mean, and which mistakes stop
  the process (`failure`).
- `keys`, `certificates`, `tls`, `stream`: who the node is, and whom it trusts.
- `tars`, `transaction`, `abi`, `block`: the formats.
- `state`, `executor`, `ledger`, `blockfile`, `datadir`, `txpool`: what a block does, and where
  it is kept.
- `pbft`: agreement, as a pure state machine (no sockets, no clock).
- `gateway`: sessions between nodes. `consensus`, `sync`, `submit`: what runs over them.
- `rpc`: JSON-RPC. `node` puts it together, `main` is the command line.

For tests (the real node knows neither):

- The variable `FISCO_BCOS_STAND_IN_VERSION`: the version to emulate, default 3.16.4.
- The signal SIGRTMIN: from now on the gateway hangs as the real one was seen to. The status methods
  go on answering with old values, getPeers, getGroupPeers and sendTransaction never answer, SIGTERM
  is ignored.
"""
