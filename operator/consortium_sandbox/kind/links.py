"""Cuts a node off from all others, and ends that.

Not by taking its link down: its routes would go with it, and nothing would bring them back. What
comes in and what goes out is dropped inside of the container instead, pods' traffic too.
"""

from consortium_sandbox.kind.engine import inside

_RULES = "'PREROUTING --in-interface eth0' 'POSTROUTING --out-interface eth0'"
_CUT = f"""\
for rule in {_RULES}; do
  iptables --table mangle --check $rule --jump DROP 2>/dev/null ||
    iptables --table mangle --insert $rule --jump DROP
done
"""
_RESTORE = f"""\
for rule in {_RULES}; do
  while iptables --table mangle --delete $rule --jump DROP 2>/dev/null; do :; done
done
"""


def cut(container: str) -> None:
    """Once is enough: a node that is cut off already stays so."""
    inside(container, "sh", "-ec", _CUT)


def restore(container: str) -> None:
    """Ends what `cut` did, however often it was done."""
    inside(container, "sh", "-ec", _RESTORE)
