"""The resource `ConsortiumChain`: models, rules, conditions and the CRD made from them. Pure.

`chain.py` and what it imports say which fields there are; `rules.py` and `immutable.py` what else
must hold; `parse.py` reads a resource; `crd.py` writes the CRD.
"""
