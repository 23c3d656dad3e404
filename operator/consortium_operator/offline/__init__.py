"""What the operator would do, done without a cluster: read a file, check it, render a chain.

The steps are those of `reconcile`; a memory stands in for the API server, and a directory for what
it would keep. Only `output` and `keeping` touch files.
"""
