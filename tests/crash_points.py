"""Moments inside a round at which a process may die, by name: each lies between two of its deeds.

The operator is cut off at each numbered write as well (at every one, in some run); these are the
moments that somebody has thought of, and each of them must occur.
"""

import re
from dataclasses import dataclass, field

from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    POD_DISRUPTION_BUDGET,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
)


@dataclass(frozen=True)
class Deed:
    """One call of the operator. `kind`: None is any; `name`: a pattern of the object's name.
    `transact` is no call of the API server: the chain was sent a transaction."""

    verb: str
    kind: Kind | None = None
    name: str = ""

    def is_done_by(self, call: "Deed") -> bool:
        return (
            self.verb in ("any", call.verb)
            and self.kind in (None, call.kind)
            and re.search(self.name, call.name) is not None
        )


ANYTHING = Deed("any")


@dataclass(frozen=True)
class CrashPoint:
    """`after` has been done, and `before` not yet."""

    name: str
    after: Deed
    before: Deed


IDENTITY, JOURNAL, GENESIS, COPY = "-identity$", "-journal$", "-genesis$", "-genesis-copy$"
TRUST, PEERS = "-trust$", "-peers$"
CA, CLIENT, CERTIFICATE, SETTINGS = "-ca-1$", "-client$", "-cert-", "-config-"

FOUNDING = (
    CrashPoint(
        "CA made, not registered", Deed("create", SECRET, CA), Deed("create", CONFIG_MAP, CA)
    ),
    CrashPoint(
        "keys made, not registered",
        Deed("create", SECRET, IDENTITY),
        Deed("create", CONFIG_MAP, IDENTITY),
    ),
    CrashPoint(
        "registered, not sealed",
        Deed("create", CONFIG_MAP, IDENTITY),
        Deed("create", CONFIG_MAP, GENESIS),
    ),
    CrashPoint(
        "sealed, no copy", Deed("create", CONFIG_MAP, GENESIS), Deed("create", CONFIG_MAP, COPY)
    ),
    CrashPoint(
        "client key made, no certificate",
        Deed("create", SECRET, CLIENT),
        Deed("apply", CONFIG_MAP, CLIENT),
    ),
    CrashPoint(
        "sealed, no certificates",
        Deed("create", CONFIG_MAP, COPY),
        Deed("create", CONFIG_MAP, CERTIFICATE),
    ),
    CrashPoint(
        "certificates stand, no Services",
        Deed("create", CONFIG_MAP, CERTIFICATE),
        Deed("apply", SERVICE),
    ),
    CrashPoint(
        "Services stand, addresses not remembered",
        Deed("apply", SERVICE),
        Deed("apply", CONFIG_MAP, JOURNAL),
    ),
    CrashPoint(
        "journal written, no volume",
        Deed("apply", CONFIG_MAP, JOURNAL),
        Deed("create", PERSISTENT_VOLUME_CLAIM),
    ),
    CrashPoint("Services stand, no pods", Deed("apply", SERVICE), Deed("apply", STATEFUL_SET)),
    CrashPoint(
        "volumes stand, no pods",
        Deed("create", PERSISTENT_VOLUME_CLAIM),
        Deed("apply", STATEFUL_SET),
    ),
    CrashPoint(
        "pods made, nothing told",
        Deed("apply", STATEFUL_SET),
        Deed("patch-status", CONSORTIUM_CHAIN),
    ),
)

FIRST_BLOCK = (
    CrashPoint("transaction sent, not read back", Deed("transact"), ANYTHING),
    CrashPoint(
        "first block made, not remembered", Deed("transact"), Deed("apply", CONFIG_MAP, JOURNAL)
    ),
    CrashPoint("first block made, not told", Deed("transact"), Deed("patch-status")),
)

ROLLOUT = (
    CrashPoint(
        "settings written, no template",
        Deed("create", CONFIG_MAP, SETTINGS),
        Deed("apply", STATEFUL_SET),
    ),
    CrashPoint(
        "template written, pod not evicted", Deed("apply", STATEFUL_SET), Deed("evict", POD)
    ),
    CrashPoint(
        "pod evicted, next template not written", Deed("evict", POD), Deed("apply", STATEFUL_SET)
    ),
    CrashPoint(
        "all replaced, old settings not deleted",
        Deed("evict", POD),
        Deed("delete", CONFIG_MAP, SETTINGS),
    ),
)

ACCEPTED_PAUSE = (
    CrashPoint(
        "journal written, pod not evicted",
        Deed("apply", CONFIG_MAP, JOURNAL),
        Deed("evict", POD),
    ),
    CrashPoint(
        "journal written, budget not lifted",
        Deed("apply", CONFIG_MAP, JOURNAL),
        Deed("apply", POD_DISRUPTION_BUDGET),
    ),
    CrashPoint(
        "budget lifted, pod not evicted", Deed("apply", POD_DISRUPTION_BUDGET), Deed("evict", POD)
    ),
)

JOINING = (
    CrashPoint("trusted, no Service yet", Deed("apply", CONFIG_MAP, TRUST), Deed("apply", SERVICE)),
    CrashPoint(
        "dialled, no pod yet", Deed("apply", CONFIG_MAP, PEERS), Deed("apply", STATEFUL_SET)
    ),
    CrashPoint(
        "joiner runs, its address not remembered",
        Deed("apply", STATEFUL_SET),
        Deed("apply", CONFIG_MAP, JOURNAL),
    ),
    CrashPoint("change of members sent, not read back", Deed("transact"), ANYTHING),
    CrashPoint("taken in, not remembered", Deed("transact"), Deed("apply", CONFIG_MAP, JOURNAL)),
    CrashPoint("taken in, no budget", Deed("transact"), Deed("apply", POD_DISRUPTION_BUDGET)),
)

LEAVING = (
    CrashPoint("voted out, not told", Deed("transact"), Deed("patch-status")),
    CrashPoint("voted out, not remembered", Deed("transact"), Deed("apply", CONFIG_MAP, JOURNAL)),
    CrashPoint(
        "trusted no more, nobody restarted",
        Deed("apply", CONFIG_MAP, TRUST),
        Deed("apply", STATEFUL_SET),
    ),
    CrashPoint(
        "dialled no more, its pod still there",
        Deed("apply", CONFIG_MAP, PEERS),
        Deed("delete", STATEFUL_SET),
    ),
    CrashPoint(
        "pod gone, its files still there",
        Deed("delete", STATEFUL_SET),
        Deed("delete", CONFIG_MAP, SETTINGS),
    ),
)

SETTING = (
    CrashPoint("setting sent, not read back", Deed("transact"), ANYTHING),
    CrashPoint(
        "setting made, not remembered", Deed("transact"), Deed("apply", CONFIG_MAP, JOURNAL)
    ),
)


@dataclass
class Passing:
    """A run that comes by the point. `skip`: so many times it is let through."""

    point: CrashPoint
    skip: int = 0
    hits: int = 0
    _is_between: bool = field(default=False)

    def is_hit_by(self, call: Deed) -> bool:
        """Whether the call is the first of its kind since `after`, and is to be prevented."""
        if self._is_between and self.point.before.is_done_by(call):
            self._is_between = False
            self.hits += 1
            return self.hits == self.skip + 1
        self._is_between = self._is_between or self.point.after.is_done_by(call)
        return False
