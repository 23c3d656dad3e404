"""Tells what the files of a FISCO BCOS chain are and say, for people: `consortium inspect`.

It reads what anybody made, build_chain.sh too, and judges it as a node would. What is private is
read for its public side alone.
"""
