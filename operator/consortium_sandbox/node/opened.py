"""What a node reads before it does anything: both files, its key, and which release it emulates."""

from __future__ import annotations

import os
from dataclasses import dataclass

from consortium_sandbox.node import releases
from consortium_sandbox.node.genesis import Genesis, read_genesis
from consortium_sandbox.node.ini import parse_file
from consortium_sandbox.node.key_center import ask_for_data_key
from consortium_sandbox.node.keys import load_key_pair
from consortium_sandbox.node.log import Log, open_log
from consortium_sandbox.node.releases import Release
from consortium_sandbox.node.settings import (
    NodeSettings,
    P2pSettings,
    log_settings,
    node_settings,
    p2p_settings,
)
from consortium_sandbox.node.suite import KeyPair

VERSION_VARIABLE = "FISCO_BCOS_STAND_IN_VERSION"


@dataclass(frozen=True)
class Opened:
    """What the files gave, checked."""

    config_path: str
    log: Log
    genesis: Genesis
    settings: NodeSettings
    p2p: P2pSettings
    key: KeyPair
    release: Release


def emulated_release() -> Release:
    """Raises StartFailed for a tag that is not emulated."""
    return releases.release(os.environ.get(VERSION_VARIABLE, releases.DEFAULT_TAG))


def read_files(config_path: str, genesis_path: str, release: Release) -> Opened:
    """Read both files and the node's key. Raises StartFailed or Abort, in the node's order."""
    config = release.as_read(parse_file(config_path))
    log = open_log(log_settings(config))
    genesis = read_genesis(parse_file(genesis_path), config, release)
    settings = node_settings(config, genesis.chain.group_id)
    p2p = p2p_settings(config)
    if settings.key_center_url is not None:
        ask_for_data_key(settings.key_center_url)
    key = load_key_pair(settings.key_path, genesis.suite)
    return Opened(config_path, log, genesis, settings, p2p, key, release)
