"""What /metrics tells of the chains: which metrics there are, and what a round of reconcile means
in them.

Pure: a record of each chain goes in, samples come out. `reconcile` says what it has seen, and
`handlers` serves the samples beside those of the operator's own work.
"""
