"""`consortium diff`: a chain's spec against the cluster, and against the chain.

`reading` asks the cluster; `objects` compares what is there with what the operator would make of it
(`offline.expectation`), `chain` what the spec wants of the running chain with what is known of it;
`view` is how people see it. No Secret is read, nothing is written.
"""
