"""A real Kubernetes cluster without Docker, and a stand-in node to run on it.

This package imports nothing of `consortium_operator`: what the operator misreads in a node's
documentation must not be misread the same way by the node that tests it.
"""
