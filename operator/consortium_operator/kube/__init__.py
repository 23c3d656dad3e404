"""The Kubernetes API, and the only importer of its client.

`client` has the verbs (plain dicts in, plain dicts out), `errors` says what a failure means,
`reflector` keeps `store` in step with the children of our chains through `projection`, and
`digest` and `ownership` tell whether somebody else changed an object. `election` and `lease` decide
which of several processes works; `caller` and `person` are for the command line only. Of a chain
nothing is known here but its kind and its labels.
"""
