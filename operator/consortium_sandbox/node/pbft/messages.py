"""What sealers say to each other, signed, and how it is written on the wire.

A signature covers the kind, height, view and digest, under a domain (chain, group and genesis
hash), so no message can be moved to another place or another chain. Payloads are not signed: the
digest, which is the hash of the proposed block's header, stands for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from consortium_sandbox.node.suite import KeyPair, Suite

PREPARE, COMMIT = "prepare", "commit"
NOT_PREPARED = -1


@dataclass(frozen=True)
class PrePrepare:
    """The leader proposes."""

    height: int
    view: int
    digest: bytes
    payload: bytes
    author: str = ""
    signature: bytes = b""

    def content(self) -> list[object]:
        return ["preprepare", self.height, self.view, self.digest.hex()]


@dataclass(frozen=True)
class Vote:
    """PREPARE: I saw this proposal in this view. COMMIT: I saw q prepares for it."""

    kind: str
    height: int
    view: int
    digest: bytes
    author: str = ""
    signature: bytes = b""

    def content(self) -> list[object]:
        return [self.kind, self.height, self.view, self.digest.hex()]


@dataclass(frozen=True)
class Prepared:
    """A block with the q prepare votes it got in one view."""

    view: int
    digest: bytes
    payload: bytes
    votes: tuple[Vote, ...]


@dataclass(frozen=True)
class ViewChange:
    """I do nothing any more in views below `view`; this is what I had prepared."""

    height: int
    view: int
    parent: bytes
    prepared: Prepared | None = None
    author: str = ""
    signature: bytes = b""

    @property
    def prepared_view(self) -> int:
        return self.prepared.view if self.prepared else NOT_PREPARED

    def without_payload(self) -> ViewChange:
        """What a NewView quotes: the digest and the votes are enough to check it."""
        if self.prepared is None:
            return self
        return replace(self, prepared=replace(self.prepared, payload=b""))

    def content(self) -> list[object]:
        digest = self.prepared.digest.hex() if self.prepared else ""
        return [
            "viewchange",
            self.height,
            self.view,
            self.parent.hex(),
            self.prepared_view,
            digest,
        ]


@dataclass(frozen=True)
class NewView:
    """The leader of a view shows q view changes; `payload` is the block they bind it to, if any."""

    height: int
    view: int
    changes: tuple[ViewChange, ...]
    payload: bytes = b""
    author: str = ""
    signature: bytes = b""

    def binding(self) -> Prepared | None:
        """The block prepared in the highest view: the one this view must propose."""
        prepared = [change.prepared for change in self.changes if change.prepared]
        return max(prepared, key=lambda p: p.view, default=None)

    def content(self) -> list[object]:
        quoted = [change.signature.hex() for change in self.changes]
        return ["newview", self.height, self.view, *quoted]


Message = PrePrepare | Vote | ViewChange | NewView
Signed = TypeVar("Signed", PrePrepare, Vote, ViewChange, NewView)


@dataclass(frozen=True)
class Domain:
    """Signs and checks messages of one chain."""

    name: bytes
    suite: Suite

    def sign(self, message: Signed, signer: KeyPair) -> Signed:
        """The same message with author and signature."""
        return replace(message, author=signer.node_id, signature=signer.sign(self._digest(message)))

    def is_authentic(self, message: Message) -> bool:
        return self.suite.signer(self._digest(message), message.signature) == message.author

    def _digest(self, message: Message) -> bytes:
        return self.suite.hash(self.name + json.dumps(message.content()).encode())


def encode(message: Message) -> dict[str, Any]:
    """A JSON-ready dict with the kind under "kind"."""
    if isinstance(message, Vote):
        return _vote(message)
    common = {
        "height": message.height,
        "view": message.view,
        "author": message.author,
        "signature": message.signature.hex(),
    }
    if isinstance(message, PrePrepare):
        payload = message.payload.decode("latin-1")
        return common | {
            "kind": "preprepare",
            "digest": message.digest.hex(),
            "payload": payload,
        }
    if isinstance(message, ViewChange):
        return common | {
            "kind": "viewchange",
            "parent": message.parent.hex(),
            "prepared": encode_prepared(message.prepared),
        }
    return common | {
        "kind": "newview",
        "changes": [encode(change) for change in message.changes],
        "payload": message.payload.decode("latin-1"),
    }


def decode(document: dict[str, Any]) -> Message:
    """Raises ValueError for anything that encode did not make."""
    try:
        return _DECODERS[document["kind"]](document)
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise ValueError("not a consensus message") from error


def encode_prepared(prepared: Prepared | None) -> dict[str, Any] | None:
    if prepared is None:
        return None
    return {
        "view": prepared.view,
        "digest": prepared.digest.hex(),
        "payload": prepared.payload.decode("latin-1"),
        "votes": [_vote(vote) for vote in prepared.votes],
    }


def decode_prepared(document: dict[str, Any] | None) -> Prepared | None:
    if document is None:
        return None
    return Prepared(
        view=int(document["view"]),
        digest=bytes.fromhex(document["digest"]),
        payload=document["payload"].encode("latin-1"),
        votes=tuple(_decode_vote(vote) for vote in document["votes"]),
    )


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "kind": vote.kind,
        "height": vote.height,
        "view": vote.view,
        "digest": vote.digest.hex(),
        "author": vote.author,
        "signature": vote.signature.hex(),
    }


def _signed(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "height": int(document["height"]),
        "view": int(document["view"]),
        "author": str(document["author"]),
        "signature": bytes.fromhex(document["signature"]),
    }


def _decode_vote(document: dict[str, Any]) -> Vote:
    digest = bytes.fromhex(document["digest"])
    return Vote(kind=str(document["kind"]), digest=digest, **_signed(document))


def _decode_preprepare(document: dict[str, Any]) -> PrePrepare:
    return PrePrepare(
        digest=bytes.fromhex(document["digest"]),
        payload=document["payload"].encode("latin-1"),
        **_signed(document),
    )


def _decode_view_change(document: dict[str, Any]) -> ViewChange:
    return ViewChange(
        parent=bytes.fromhex(document["parent"]),
        prepared=decode_prepared(document["prepared"]),
        **_signed(document),
    )


def _decode_new_view(document: dict[str, Any]) -> NewView:
    return NewView(
        changes=tuple(_decode_view_change(change) for change in document["changes"]),
        payload=document["payload"].encode("latin-1"),
        **_signed(document),
    )


_DECODERS: dict[str, Callable[[dict[str, Any]], Message]] = {
    "preprepare": _decode_preprepare,
    PREPARE: _decode_vote,
    COMMIT: _decode_vote,
    "viewchange": _decode_view_change,
    "newview": _decode_new_view,
}
