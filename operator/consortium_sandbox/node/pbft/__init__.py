"""Agreement on one block per height, as a pure state machine: no sockets, no clock, no files.

`Pbft` takes messages, timeouts and facts (who is connected, whether transactions wait) and returns
what to do (send, write down, start a timer, commit). The same class runs in the node and, with a
simulated network, in the property tests.

It is PBFT with weights (Castro and Liskov), one height at a time; a height begins in the view in
which the block before it was committed:

- f = (W - 1) // 3 and q = W - f. Two groups of weight q share more than f, so never two blocks.
- A vote is written down before it is sent. A node that restarts never votes twice in a view.
- A view change carries the prepared block, if there is one, with its q prepare votes, and a new
  view must propose the block that was prepared in the highest view.
"""
