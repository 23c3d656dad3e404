"""The state machine of one sealer. See the package for the protocol, `Instance` for the state."""

from __future__ import annotations

from consortium_sandbox.node.pbft.actions import (
    Action,
    Decided,
    Send,
    SetTimer,
    Start,
    Validate,
    WriteDown,
)
from consortium_sandbox.node.pbft.committee import Committee
from consortium_sandbox.node.pbft.instance import Instance
from consortium_sandbox.node.pbft.messages import (
    COMMIT,
    PREPARE,
    Domain,
    Message,
    NewView,
    Prepared,
    PrePrepare,
    Signed,
    ViewChange,
    Vote,
    encode_prepared,
)
from consortium_sandbox.node.pbft.proofs import Verifier
from consortium_sandbox.node.suite import KeyPair

BASE_TIMEOUT = 3.0
BACK_OFF = 1.5
# Heights whose messages are kept until this node gets there; what is lost comes by block sync.
_AHEAD = 3
_KEPT_PER_HEIGHT = 1000


class Pbft:
    """One sealer. Every method returns the actions to take, in order."""

    def __init__(self, signer: KeyPair, domain: Domain, validate: Validate) -> None:
        self._signer = signer
        self._domain = domain
        self._validate = validate
        self._actions: list[Action] = []
        self._later: dict[int, list[Message]] = {}
        self._pending = False
        self._connected: frozenset[str] = frozenset()
        self._cycle = 0
        self.instance = Instance(0, b"", Committee(()))

    @property
    def me(self) -> str:
        return self._signer.node_id

    @property
    def votes(self) -> bool:
        """Whether this node is a sealer at this height."""
        return self.me in self.instance.committee

    @property
    def change_cycle(self) -> int:
        """How many timeouts in a row."""
        return self._cycle

    def may_propose(self) -> bool:
        """The leader of a view that has begun, is bound to nothing and has nothing proposed."""
        instance = self.instance
        return (
            self.votes
            and not instance.decided
            and not instance.changing
            and instance.leader == self.me
            and instance.proposal is None
            and instance.bound is None
            and (PREPARE, instance.view) not in instance.sent
        )

    def start_height(self, start: Start) -> list[Action]:
        """The block before this height is on disk."""
        height = start.height
        self.instance = Instance(height, start.parent, start.committee, start.view)
        self.instance.restore(start.written)
        self._cycle = 0
        self._restart_timer()
        kept = self._later.pop(height, [])
        self._later = {h: kept for h, kept in self._later.items() if h > height}
        if self.votes and self.instance.changing:
            self._announce_view()
        for message in kept:
            self._receive(message)
        self._avoid_dead_leader()
        return self._take()

    def propose(self, digest: bytes, payload: bytes) -> list[Action]:
        """Propose a block; only while may_propose()."""
        instance = self.instance
        proposal = self._sign(PrePrepare(instance.height, instance.view, digest, payload))
        self._accept(proposal)
        self._actions.append(Send(proposal))
        return self._take()

    def receive(self, message: Message) -> list[Action]:
        self._receive(message)
        return self._take()

    def timeout(self) -> list[Action]:
        """The timer ran out."""
        if self.votes and not self.instance.decided:
            self._cycle += 1
            promised = self.instance.highest_view_of().values()
            # Whoever waits in a higher view cannot come down: meet there.
            self._change_view(max([self.instance.view + 1, *promised]))
        return self._take()

    def set_pending(self, pending: bool) -> list[Action]:
        """Whether transactions wait. While none do, no time runs out."""
        if pending != self._pending:
            self._pending = pending
            if not self.instance.changing:
                self._restart_timer()
            self._avoid_dead_leader()
        return self._take()

    def set_connected(self, connected: frozenset[str]) -> list[Action]:
        """Who can be reached now. New ones are told what they may have missed."""
        new = connected - self._connected
        self._connected = connected
        if self.votes and not self.instance.decided:
            for node_id in sorted(new & {s.node_id for s in self.instance.committee.sealers}):
                self._tell_all(node_id)
            self._avoid_dead_leader()
        return self._take()

    # --- receiving ---------------------------------------------------------------------------

    def _receive(self, message: Message) -> None:
        instance = self.instance
        if message.height > instance.height:
            self._keep(message)
            return
        if message.height < instance.height or instance.decided or not self.votes:
            return
        if message.author not in instance.committee or message.author == self.me:
            return
        if isinstance(message, Vote):
            self._receive_vote(message)
        elif isinstance(message, PrePrepare):
            self._receive_proposal(message)
        elif isinstance(message, ViewChange):
            self._receive_view_change(message)
        else:
            self._receive_new_view(message)

    def _keep(self, message: Message) -> None:
        if message.height <= self.instance.height + _AHEAD:
            kept = self._later.setdefault(message.height, [])
            if len(kept) < _KEPT_PER_HEIGHT:
                kept.append(message)

    def _receive_vote(self, vote: Vote) -> None:
        known = self.instance.votes[vote.kind, vote.view, vote.digest]
        if vote.author not in known and self._domain.is_authentic(vote):
            known[vote.author] = vote
            self._count(vote.view, vote.digest)

    def _receive_proposal(self, proposal: PrePrepare) -> None:
        instance = self.instance
        if proposal.view != instance.view or instance.changing or instance.proposal is not None:
            return
        if proposal.author != instance.leader or instance.bound not in (None, proposal.digest):
            return
        if self._domain.is_authentic(proposal) and self._is_valid(proposal):
            self._accept(proposal)

    def _receive_view_change(self, change: ViewChange) -> None:
        instance = self.instance
        if change.parent != instance.parent or not self._verifier().view_change(change):
            return
        instance.changes[change.view][change.author] = change
        if change.view <= instance.view and not instance.changing and instance.new_view:
            self._actions.append(Send(instance.new_view, change.author))
        elif change.view < instance.view and instance.changing:
            self._actions.append(Send(self._my_view_change(), change.author))
        self._follow()
        self._begin_view()

    def _receive_new_view(self, message: NewView) -> None:
        instance = self.instance
        begun = instance.view if not instance.changing else instance.view - 1
        if message.view <= max(begun, 0) or not self._verifier().new_view(message):
            return
        binding = message.binding()
        if binding and not self._validate(message.height, binding.digest, message.payload):
            return
        self._enter(message)

    # --- voting ------------------------------------------------------------------------------

    def _accept(self, proposal: PrePrepare) -> None:
        """Take a checked proposal of the current view and vote for it."""
        self.instance.proposals[proposal.view] = proposal
        self._restart_timer()
        self._vote(PREPARE, proposal.digest)
        self._count(proposal.view, proposal.digest)

    def _vote(self, kind: str, digest: bytes) -> None:
        """One vote of a kind per view, for ever: what was sent before a restart counts."""
        instance = self.instance
        earlier = instance.sent.get((kind, instance.view))
        if earlier is not None and earlier != digest:
            return
        if earlier is None:
            instance.sent[kind, instance.view] = digest
            self._write_down(what="vote", kind=kind, view=instance.view, digest=digest.hex())
        vote = self._sign(Vote(kind, instance.height, instance.view, digest))
        instance.votes[kind, instance.view, digest][self.me] = vote
        self._actions.append(Send(vote))

    def _count(self, view: int, digest: bytes) -> None:
        instance = self.instance
        commits = instance.votes[COMMIT, view, digest]
        prepares = instance.votes[PREPARE, view, digest]
        proposal = instance.proposal
        if (
            view == instance.view
            and not instance.changing
            and proposal is not None
            and proposal.digest == digest
            and self.me in prepares
            and self.me not in commits
            and instance.committee.decides(prepares)
        ):
            self._become_prepared(Prepared(view, digest, proposal.payload, _sorted(prepares)))
        payload = instance.payload_of(digest)
        if payload is not None and not instance.decided and instance.committee.decides(commits):
            instance.decided = True
            self._actions.append(SetTimer(None))
            self._actions.append(Decided(instance.height, view, digest, payload, _sorted(commits)))

    def _become_prepared(self, prepared: Prepared) -> None:
        self.instance.prepared = prepared
        self._write_down(what="prepared", prepared=encode_prepared(prepared))
        self._vote(COMMIT, prepared.digest)

    # --- changing the view -------------------------------------------------------------------

    def _change_view(self, view: int) -> None:
        """Promise to do nothing below `view`, and say so."""
        instance = self.instance
        instance.view, instance.changing, instance.new_view = view, True, None
        self._write_down(what="view", view=view)
        self._restart_timer()
        self._announce_view()
        self._begin_view()

    def _announce_view(self) -> None:
        change = self._my_view_change()
        self.instance.changes[change.view][self.me] = change
        self._actions.append(Send(change))

    def _my_view_change(self) -> ViewChange:
        instance = self.instance
        return self._sign(
            ViewChange(instance.height, instance.view, instance.parent, instance.prepared)
        )

    def _follow(self) -> None:
        """Join the highest view that more than f weight has promised: one of them is honest."""
        instance = self.instance
        highest = instance.highest_view_of()
        for view in sorted(set(highest.values()), reverse=True):
            authors = [author for author, promised in highest.items() if promised >= view]
            if view <= instance.view:
                return
            if instance.committee.weight(authors) > instance.committee.faulty:
                self._change_view(view)
                return

    def _begin_view(self) -> None:
        """As its leader, begin the promised view once q weight has promised it."""
        instance = self.instance
        changes = instance.changes[instance.view]
        if not instance.changing or instance.leader != self.me or self.me not in changes:
            return
        if not instance.committee.decides(changes):
            return
        quoted = tuple(changes[author] for author in sorted(changes))
        best = max(quoted, key=lambda change: change.prepared_view).prepared
        payload = (instance.payload_of(best.digest) or best.payload) if best else b""
        if best and not self._validate(instance.height, best.digest, payload):
            return
        message = self._sign(
            NewView(
                instance.height,
                instance.view,
                tuple(change.without_payload() for change in quoted),
                payload,
            )
        )
        self._actions.append(Send(message))
        self._enter(message)

    def _enter(self, message: NewView) -> None:
        instance = self.instance
        if message.view > instance.view:
            self._write_down(what="view", view=message.view)
        instance.view, instance.changing, instance.new_view = message.view, False, message
        self._restart_timer()
        binding = message.binding()
        if binding:
            self._accept(
                PrePrepare(
                    message.height, message.view, binding.digest, message.payload, message.author
                )
            )
        else:
            self._avoid_dead_leader()

    def _avoid_dead_leader(self) -> None:
        """Do not wait three seconds for a leader that is known to be gone.

        Only while a quorum can be reached: without one a change of view gains nothing.
        """
        instance = self.instance
        reachable = self._connected | {self.me}
        if not self._has_work() or not self.votes or instance.decided:
            return
        if not instance.committee.decides(reachable) or instance.leader in reachable:
            return
        view = instance.view + 1
        while instance.committee.leader(instance.height, view) not in reachable:
            view += 1
        self._change_view(view)

    # --- helpers -----------------------------------------------------------------------------

    def _tell_all(self, node_id: str) -> None:
        """What a node that was away needs in order to take part at this height."""
        instance = self.instance
        messages: list[Message] = []
        if instance.changing:
            messages.append(self._my_view_change())
        elif instance.new_view:
            messages.append(instance.new_view)
        if instance.proposal and instance.leader == self.me and instance.bound is None:
            messages.append(instance.proposal)
        for (kind, view), digest in sorted(instance.sent.items()):
            vote = instance.votes[kind, view, digest].get(self.me)
            if vote:
                messages.append(vote)
        self._actions += [Send(message, node_id) for message in messages]

    def _has_work(self) -> bool:
        instance = self.instance
        voted = (PREPARE, instance.view) in instance.sent
        return self._pending or instance.changing or voted or instance.prepared is not None

    def _restart_timer(self) -> None:
        running = self.votes and self._has_work() and not self.instance.decided
        seconds = BASE_TIMEOUT * BACK_OFF**self._cycle if running else None
        self._actions.append(SetTimer(seconds))

    def _is_valid(self, proposal: PrePrepare) -> bool:
        return self._validate(proposal.height, proposal.digest, proposal.payload)

    def _verifier(self) -> Verifier:
        return Verifier(self._domain, self.instance.committee, self.instance.height)

    def _write_down(self, **entry: object) -> None:
        self._actions.append(WriteDown(self.instance.height, entry))

    def _sign(self, message: Signed) -> Signed:
        return self._domain.sign(message, self._signer)

    def _take(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions


def _sorted(votes: dict[str, Vote]) -> tuple[Vote, ...]:
    return tuple(votes[author] for author in sorted(votes))
