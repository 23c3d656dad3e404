"""What is asked of a key: which Secrets hold it, what registers it, and when it may be made."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from consortium_operator.api.conditions import Reason
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.manifests import Manifest
from consortium_operator.reconcile.world import Public

FIRST_GENERATION = 1
RECHECK = timedelta(minutes=30)
"""How long a verified key is trusted before its Secret is read again (the slow resync)."""
RECHECK_WAITING = timedelta(seconds=15)
"""The same while something waits for it: a pod for its files, a certificate for a renewed CA."""

WORDS = {AuthorityKind.NODE: "node CA", AuthorityKind.CLIENT: "client CA"}
"""How messages name a member's authorities."""

P = TypeVar("P", bound=Public)


@dataclass(frozen=True, slots=True)
class SecretPart:
    """One Secret of a key: how its content is made, and how it is written."""

    make: Callable[[], PrivateFiles]
    manifest: Callable[[PrivateFiles], Manifest]


@dataclass(frozen=True, slots=True)
class BroughtPart:
    """A Secret that a member made and keeps. `holds`: what has to be in it, for messages."""

    holds: str


@dataclass(frozen=True, slots=True)
class Register(Generic[P]):
    """The ConfigMap with the public side. `manifest` also tells its name and labels."""

    read: Callable[[Mapping[str, str]], P]
    manifest: Callable[[P], Manifest]


@dataclass(frozen=True, slots=True)
class Renewal(Generic[P]):
    """How a public side may change while the key stays: its owner renewed a CA's certificate.

    `why_not`: why the second is not the first one renewed, or None. `manifest`: the ConfigMap that
    records a renewal. `newest`: which one counts where the key itself cannot be read.
    """

    why_not: Callable[[P, P], str | None]
    manifest: Callable[[P], Manifest]
    newest: Callable[[Iterable[P]], P]


@dataclass(frozen=True, slots=True)
class KeyRequest(Generic[P]):
    """A key that should be there.

    `name` is the register's name, `labels` are the register's and the Secrets', `subject` is how
    messages name the owner, `field` the field of the resource by which an owner brings the key.
    `forbids_making` says why the key must exist already, or None where it may be made.
    `contradicts` says why a public side cannot be the right one whatever key and register say, or
    None. `recheck`: how long a verified key is trusted.
    """

    name: str
    labels: Mapping[str, str]
    subject: str
    secrets: Mapping[str, SecretPart | BroughtPart]
    register: Register[P]
    derive: Callable[[Sequence[PrivateFiles]], P]
    missing: Reason
    forbids_making: Callable[[], Awaitable[str | None]]
    contradicts: Callable[[P], str | None] = lambda _: None
    renewal: Renewal[P] | None = None
    field: str | None = None
    recheck: timedelta = RECHECK

    @property
    def brought(self) -> dict[str, BroughtPart]:
        return {k: part for k, part in self.secrets.items() if isinstance(part, BroughtPart)}
