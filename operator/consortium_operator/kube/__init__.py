"""The Kubernetes API, and the only importer of its client.

`client` has the verbs (plain dicts in, plain dicts out), `errors` says what a failure means,
`reflector` keeps `store` in step with the children of our chains through `projection`, and
`digest` and `ownership` tell whether somebody else changed an object. Nothing here knows what a
consortium chain is.
"""
