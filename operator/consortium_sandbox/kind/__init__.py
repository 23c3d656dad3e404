"""A Kubernetes cluster of containers, on a Docker engine, made by kind.

engine talks to Docker and explains what it answers; program finds kind or builds it; config says
what cluster is wanted and is pure; cluster brings it up and down; kubernetes says how its nodes
are; links cuts one off; kwok plays fake nodes in it; images builds our images from the Dockerfile.

What the cluster is, is asked of the engine each time. All that is kept on the machine is its
kubeconfig, in a directory of its own.
"""
