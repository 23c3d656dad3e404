"""A stand-in for a FISCO BCOS 3.x (Air) node: the same files in, the same behaviour out.

It is not FISCO BCOS and says so in `--version` and in `binaryInfo.gitCommitHash`. It exists so that
everything around a node (configuration, certificates, probes, restarts, membership) can be run for
real where no node binary is. Started exactly like the node::

    python -m consortium_sandbox.node -c config.ini -g config.genesis

What is real and what not is listed in docs/stand-in.md; tests/conformance holds it against what
real nodes were seen to do.

How the modules fit, from the bottom up:

- `ini`, `versions`, `settings`, `genesis`, `peers`: what the files mean, and which mistakes stop
  the process (`failure`, `key_center`). `releases`: what each tag of the node knows.
- `suite`: what differs between a Standard and an SM chain; `keys` is the one, `sm` the other.
- `certificates`, `tls`, `stream`, `listener`: who the node is, and whom it trusts.
- `tars`, `transaction`, `abi`, `block`: the formats.
- `state`, `executor`, `executed`, `ledger`, `blockfile`, `datadir`, `txpool`: what a block does,
  and where it is kept.
- `pbft`: agreement, as a pure state machine (no sockets, no clock).
- `gateway`: sessions between nodes. `consensus`, `sync`, `submit`: what runs over them.
- `rpc`: JSON-RPC. `opened` reads the files, `node` puts it together, `process` runs it, `main` is
  the command line. `log` and `speech`: what it says on its way.

For tests (the real node knows neither):

- The variable `FISCO_BCOS_STAND_IN_VERSION`: the version to emulate, default 3.16.4.
- The signal SIGRTMIN: from now on the gateway hangs as the real one was seen to. The status methods
  go on answering with old values, getPeers, getGroupPeers and sendTransaction never answer, SIGTERM
  is ignored.
"""
