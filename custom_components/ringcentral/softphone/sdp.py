"""Session descriptions (RFC 8866) and offer/answer (RFC 3264) for one G.711 audio stream."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address
import re
from typing import Final, Self

from . import sdes
from .media.g711 import Codec
from .media.srtp import MasterKey, SrtpKeys, Suite

CONTENT_TYPE: Final = "application/sdp"

# RFC 3551 §6: static payload types need no rtpmap.
_STATIC_CODECS: Final = {"0": Codec.PCMU, "8": Codec.PCMA}
_CODECS: Final = {f"{codec}/8000".lower(): codec for codec in Codec}
_PAYLOAD_TYPES: Final = frozenset(map(str, range(128)))
_EVENT_ENCODING: Final = "telephone-event/8000"
_EVENT_TYPE: Final = 101
_PLAIN_PROFILES: Final = frozenset({"RTP/AVP", "RTP/AVPF"})
# Their keys are in the description (RFC 4568); the profiles of DTLS have other names.
_SECURE_PROFILES: Final = frozenset({"RTP/SAVP", "RTP/SAVPF"})
# A telephone's description has a dozen lines, a browser's some hundred.
MAX_LINES: Final = 1000
MAX_MEDIA: Final = 32
# The hold of RFC 2543: an address nothing can be sent to.
_NOWHERE: Final = str(IPv4Address(0))
# The line of a description of ours that says which way its one stream flows.
_DIRECTION: Final = re.compile(rb"\r\na=(sendrecv|sendonly|recvonly|inactive)\r\n")


# The letter and the value of `letter=value`.
type _Line = tuple[str, str]


class Direction(StrEnum):
    """Which way audio flows, seen from the side that says it (RFC 8866 §6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether the side that says it sends."""
        return self in {Direction.SENDRECV, Direction.SENDONLY}

    @property
    def receives(self) -> bool:
        """Whether the side that says it receives."""
        return self in {Direction.SENDRECV, Direction.RECVONLY}

    @property
    def held(self) -> Direction:
        """The same once the side that says it wants to hear nothing (RFC 3264 §8.4)."""
        return Direction.SENDONLY if self.sends else Direction.INACTIVE


_MIRRORED: Final = {
    Direction.SENDRECV: Direction.SENDRECV,
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
    Direction.INACTIVE: Direction.INACTIVE,
}


class SdpError(ValueError):
    """The description can't be understood."""


class NoCommonCodecError(SdpError):
    """The description offers nothing we can take part in: 488 (RFC 3261 §21.4.26)."""


class PlainOfferError(NoCommonCodecError):
    """The description offers its sound in the clear only, where that isn't wanted."""


@dataclass(frozen=True, slots=True)
class MediaDescription:
    """One m= line and what belongs to it; address is None where none was given."""

    kind: str
    port: int
    profile: str
    formats: tuple[str, ...]
    address: str | None
    attributes: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A parsed description; session-level addresses and attributes are folded into its media."""

    media: tuple[MediaDescription, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """The media lines of an offer, and the index of the one that we take."""

    media: tuple[MediaDescription, ...]
    taken: int


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our end: the address others reach us at, the port and the keys of this call, and the o= line's numbers.

    The keys stay with the port: what we send is one stream, however often it is renegotiated.
    """

    host: str
    port: int
    session_id: int
    version: int
    keys: Mapping[Suite, MasterKey] = field(repr=False)
    origin: str = ""
    """The first address, where there was another: it names the session for good."""

    def next_version(self) -> Self:
        """Return the same end for a changed description (RFC 3264 §8)."""
        return replace(self, version=self.version + 1)

    def moved(self, host: str) -> Self:
        """Return our end at another address."""
        return replace(self.next_version(), host=host, origin=self.origin or self.host)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What offer and answer agreed on, seen from our side.

    remote is None when the other side named no address that can be sent to (a host name, or 0.0.0.0 on hold); its
    first packets then tell. srtp is None where the audio goes in the clear.
    """

    remote: tuple[str, int] | None
    codec: Codec
    payload_type: int
    event_payload_type: int | None
    direction: Direction
    srtp: SrtpKeys | None = None


def parse(body: bytes) -> SessionDescription:
    """Parse a description; raises SdpError."""
    lines = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    if not lines[0].startswith("v=0"):
        raise SdpError("A description begins with v=0")
    if len(lines) > MAX_LINES:
        raise SdpError("A description is too long")
    session: list[_Line] = []
    section, sections = session, []
    for line in lines:
        if line[1:2] == "=":
            if line[0] == "m":
                section = []
                sections.append(section)
            section.append((line[0], line[2:]))
    if len(sections) > MAX_MEDIA:
        raise SdpError("A description is too long")
    return SessionDescription(tuple(_media(section, session) for section in sections))


def parse_offer(body: bytes, *, require_srtp: bool = False) -> Offer:
    """Parse an offer and choose its first audio stream we can take part in.

    Raises SdpError, NoCommonCodecError where there is nothing in it for us, PlainOfferError where there would be but
    for require_srtp.
    """
    description = parse(body)
    usable = [index for index, media in enumerate(description.media) if _usable(media)]
    for index in usable:
        if not require_srtp or _secure(description.media[index]):
            return Offer(description.media, index)
    if usable:
        raise PlainOfferError("The offer has no G.711 audio over secure RTP")
    raise NoCommonCodecError("The offer has no G.711 audio over RTP")


def answer(offer: Offer, local: LocalMedia, *, holding: bool = False) -> tuple[bytes, Agreement]:
    """Answer an offer, with its own profile and, where that is secure, our key for the first suite we have.

    With `holding` we want to hear nothing. The answer has the offer's media lines in the offer's order, refused ones with port 0 (RFC 3264 §6).
    """
    media = offer.media[offer.taken]
    agreed = _agreement(media)
    if holding:
        agreed = replace(agreed, direction=agreed.direction.held)
    cryptos: list[sdes.Crypto] = []
    if _secure(media):
        theirs = sdes.usable(media.attributes)[0]
        ours = local.keys[theirs.key.suite]
        agreed = replace(agreed, srtp=SrtpKeys(ours, theirs.key))
        cryptos = [sdes.Crypto(theirs.tag, ours)]
    lines: list[str] = []
    for index, other in enumerate(offer.media):
        if index == offer.taken:
            codecs = {agreed.payload_type: agreed.codec}
            lines += _audio_lines(
                local.port,
                media.profile,
                codecs,
                events=agreed.event_payload_type,
                direction=agreed.direction,
                cryptos=cryptos,
            )
        else:
            lines.append(f"m={other.kind} 0 {other.profile} {' '.join(other.formats)}")
    return _description(local, lines), agreed


def offer(local: LocalMedia, *, secure: bool = False) -> bytes:
    """Offer both laws and key presses: what is said in an INVITE of ours, or in answer to one without a description."""
    profile, cryptos = ("RTP/SAVP", sdes.our_offer(local.keys)) if secure else ("RTP/AVP", [])
    codecs = {codec.payload_type: codec for codec in Codec}
    return _description(
        local,
        _audio_lines(
            local.port, profile, codecs, events=_EVENT_TYPE, direction=Direction.SENDRECV, cryptos=cryptos
        ),
    )


def accept_answer(description: SessionDescription, ours: SessionDescription) -> Agreement:
    """Read the answer to what we described; raises NoCommonCodecError, also when it isn't as secure as that was.

    What was an answer of ours once may have other media lines beside the one we take, and the tag of a key of theirs.
    """
    index = next(index for index, media in enumerate(ours.media) if media.port)
    media = description.media[index] if index < len(description.media) else None
    secure = _secure(ours.media[index])
    if media is None or not _usable(media) or _secure(media) is not secure:
        raise NoCommonCodecError("The answer takes no audio")
    agreed = _agreement(media)
    if not secure:
        return agreed
    offered = {line.tag: line.key for line in sdes.usable(ours.media[index].attributes)}
    (theirs, *others) = sdes.usable(media.attributes)
    key = offered.get(theirs.tag)
    if others or key is None or key.suite is not theirs.key.suite:
        raise NoCommonCodecError("The answer takes none of the keys that were offered")
    return replace(agreed, srtp=SrtpKeys(key, theirs.key))


def direction_of(description: bytes) -> Direction:
    """Return the direction in a description of ours."""
    said = _DIRECTION.search(description)
    assert said is not None
    return Direction(said[1].decode())


def directed(description: bytes, direction: Direction) -> bytes:
    """Return a description of ours with another direction; its version is for `moved` to say."""
    return _DIRECTION.sub(f"\r\na={direction}\r\n".encode(), description)


def moved(description: bytes, local: LocalMedia) -> bytes:
    """Return a description of ours for the same media with another address or version."""
    return _description(local, []) + description[description.index(b"\r\nm=") + 2 :]


def _description(local: LocalMedia, media_lines: Iterable[str]) -> bytes:
    lines = [
        "v=0",
        f"o=- {local.session_id} {local.version} IN {_typed(local.origin or local.host)}",
        "s=-",
        f"c=IN {_typed(local.host)}",
        "t=0 0",
        *media_lines,
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _typed(host: str) -> str:
    return f"{'IP6' if ':' in host else 'IP4'} {host}"


def _audio_lines(
    port: int,
    profile: str,
    codecs: Mapping[int, Codec],
    *,
    events: int | None,
    direction: Direction,
    cryptos: Iterable[sdes.Crypto],
) -> list[str]:
    formats = [*codecs, *([] if events is None else [events])]
    lines = [f"m=audio {port} {profile} {' '.join(map(str, formats))}"]
    lines += [f"a=rtpmap:{number} {codec}/8000" for number, codec in codecs.items()]
    if events is not None:
        lines += [f"a=rtpmap:{events} {_EVENT_ENCODING}", f"a=fmtp:{events} 0-15"]
    lines += [f"a={crypto.attribute()}" for crypto in cryptos]
    return [*lines, "a=ptime:20", f"a={direction}"]


def _media(section: list[_Line], session: list[_Line]) -> MediaDescription:
    fields = section[0][1].split()
    if len(fields) < 4:
        raise SdpError("A media line is incomplete")
    kind, port, profile, *formats = fields
    number = port.partition("/")[0]
    if len(number) > 5 or not (number.isascii() and number.isdigit()) or int(number) > 65535:
        raise SdpError("A media line has no port")
    return MediaDescription(
        kind=kind.lower(),
        port=int(number),
        profile=profile.upper(),
        formats=tuple(formats),
        address=_address(section) or _address(session),
        attributes=(*_attributes(section), *_attributes(session)),
    )


def _attributes(lines: list[_Line]) -> list[tuple[str, str]]:
    said = [value.partition(":") for kind, value in lines if kind == "a"]
    return [(name.lower(), value) for name, _, value in said]


def _address(lines: list[_Line]) -> str | None:
    for kind, value in lines:
        if kind == "c" and len(fields := value.split()) == 3:
            return fields[2].partition("/")[0]
    return None


def _usable(media: MediaDescription) -> bool:
    return (
        media.kind == "audio"
        and media.port > 0
        and (media.profile in _PLAIN_PROFILES or (_secure(media) and bool(sdes.usable(media.attributes))))
        # Sound goes over IPv4 only.
        and ":" not in (media.address or "")
        and any(_codecs(media).values())
    )


def _secure(media: MediaDescription) -> bool:
    return media.profile in _SECURE_PROFILES


def _agreement(media: MediaDescription) -> Agreement:
    """Take the first codec we have, in the order of the description, with its own payload type numbers."""
    number, codec = next((number, codec) for number, codec in _codecs(media).items() if codec is not None)
    events = next((int(number) for number, name in _encodings(media) if name == _EVENT_ENCODING), None)
    return Agreement(_remote(media), codec, number, events, _our_direction(media))


def _codecs(media: MediaDescription) -> dict[int, Codec | None]:
    return {
        int(number): _CODECS.get(name) if name else _STATIC_CODECS.get(number)
        for number, name in _encodings(media)
    }


def _encodings(media: MediaDescription) -> list[tuple[str, str]]:
    """Return (payload type, lower-case encoding or "") in the order of the m= line."""
    pairs = [value.lower().split() for name, value in media.attributes if name == "rtpmap"]
    maps = {pair[0]: pair[1].removesuffix("/1") for pair in pairs if len(pair) > 1}
    return [(number, maps.get(number, "")) for number in media.formats if number in _PAYLOAD_TYPES]


def _remote(media: MediaDescription) -> tuple[str, int] | None:
    try:
        literal = IPv4Address(media.address or "")
    except ValueError:
        return None
    if literal.is_unspecified or literal.is_multicast:
        return None
    return str(literal), media.port


def _our_direction(media: MediaDescription) -> Direction:
    said = [Direction(name) for name, _ in media.attributes if name in Direction]
    theirs = said[0] if said else Direction.SENDRECV
    if media.address == _NOWHERE and theirs.receives:
        theirs = Direction.SENDONLY if theirs.sends else Direction.INACTIVE
    return _MIRRORED[theirs]
