"""The chain as plain values: names, weights, plan, public register, genesis.

Pure: nothing here reads a clock, a file or the network. `reconcile` fills these values from the
cluster, `engines` and `manifests` turn them into files and objects.
"""
