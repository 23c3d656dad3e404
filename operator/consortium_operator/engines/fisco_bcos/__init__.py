"""FISCO BCOS 3.x, Air edition. `engine.py` is the door; everything but `node/` is pure.

config.ini      config_keys.py (every key), overlay.py (what a user may set), config.py
config.genesis  genesis_keys.py (every key), genesis.py, sealed.py, block0.py, founding.py
nodes.json      peers.py
versions        versions.py
keys, X.509     identity.py, certificates.py and what they import
transactions    transaction.py
running nodes   node/
"""
