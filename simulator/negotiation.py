"""Offers and answers of the server's side of one call (RFC 3264)."""

from random import Random

from .caller import Log
from .dialect import Address, Dialect, Direction, description
from .srtp import MASTER, attribute, keys_in
from .strict import Description, check_description
from .wire import Message

_TALK = "0 101"  # what is left of the codecs once both sides have spoken
_HELD = {
    Direction.BOTH: Direction.SEND,
    Direction.SEND: Direction.SEND,
    Direction.RECEIVE: Direction.NONE,
    Direction.NONE: Direction.NONE,
}
_MIRROR = {Direction.SEND: Direction.RECEIVE, Direction.RECEIVE: Direction.SEND}


class Negotiation:
    """What was offered and answered so far."""

    def __init__(self, dialect: Dialect, media: Address, version: int) -> None:
        """Offer media at this address."""
        self.direction = Direction.BOTH  # as the server last asked for
        self.theirs: Description | None = None  # the phone's last description
        self._dialect, self._media, self._version = dialect, media, version
        self._offered: Description | None = None
        self._tag, self._ours = 1, Random(f"{version} {media.port}").randbytes(MASTER)
        self._theirs: bytes | None = None

    @property
    def keys(self) -> tuple[bytes, bytes] | None:
        """The master keys of what the server sends and of what it gets; None in the clear."""
        return (self._ours, self._theirs) if self._theirs else None

    @property
    def flows(self) -> bool:
        """Whether sound goes both ways."""
        theirs = self.theirs.direction if self.theirs else Direction.BOTH
        return self.direction is Direction.BOTH and theirs is Direction.BOTH

    def offer(self) -> bytes:
        """An offer of ours."""
        body = self._describe(self._dialect.codecs, self.direction)
        self._offered = Description.parse(body)
        return body

    def answer(self) -> bytes:
        """An answer to the phone's offer, which must have been taken with `take`."""
        asked = self.theirs.direction if self.theirs else Direction.BOTH
        direction = _MIRROR.get(asked, asked)
        # Who holds the phone goes on holding it.
        held = self.direction is Direction.SEND
        return self._describe(_TALK, _HELD[direction] if held else direction)

    def _describe(self, codecs: str, direction: Direction) -> bytes:
        self._version += 1
        secure = self._dialect.secure or self._theirs is not None
        return description(
            self._media,
            version=self._version,
            codecs=codecs,
            profile="RTP/SAVP" if secure else self._dialect.profile,
            direction=direction,
            key=attribute(self._tag, self._ours) if secure else "",
        )

    def take(self, message: Message, log: Log, *, answers: bool) -> None:
        """Take the phone's description: an answer to our last offer, or an offer of its own."""
        offer = self._offered if answers else None
        log.wrong(*check_description(message, offer=offer, before=self.theirs))
        if found := keys_in(message.body):
            self._tag, self._theirs = found
        self.theirs = Description.parse(message.body) or self.theirs
