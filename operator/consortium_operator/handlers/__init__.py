"""The process around `reconcile`: kopf's event handlers, probes, metrics, logs.

The only package that imports kopf, and no more of it than a watch on ConsortiumChain, the
life cycle and the runner: each handler pokes the queue and returns.
"""
