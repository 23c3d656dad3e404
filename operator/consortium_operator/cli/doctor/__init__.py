"""`consortium doctor`: what stands in the way of chains, in a cluster, a namespace, a chain.

`reading` asks the cluster, with the caller's rights, and makes `Facts` of it. Each check is a pure
function from the facts to findings; `checks` names them in the order in which they are told. A fact
that the caller may not see makes a finding too: that it was not checked, and why.
"""
