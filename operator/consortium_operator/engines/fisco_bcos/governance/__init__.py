"""What changes a running chain, pure: calls of its system contracts, and what their answers mean.

With auth off anybody calls the consensus and the system config contract. With auth on these obey
the committee contract alone, to which governors propose the same calls and vote on them. `calls`
has all that can be sent, `changes` which call a change is, `committee` what the committee says of
itself, `origin` what a proposal asks for, `outcomes` what a receipt says. A receipt is no proof of
anything: whether a change holds is what the chain says when it is read back. Sources:
FISCO-BCOS/bcos-auth, and what running nodes of 3.16.4 answered.
"""
