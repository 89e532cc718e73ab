"""Times the reading of one INVITE: `python -m benchmarks.sip_parse`.

"Typed" is what the phone does with a message of the stream: cut it out, parse it, and read its transaction, both
parties, where to answer, its sequence number and its offer. Peers do what they can of that; those that aren't installed
are left out. Times are the best of several rounds: compare only figures of one run.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from email.parser import BytesHeaderParser
from importlib import import_module
from timeit import repeat
from typing import Final

from custom_components.ringcentral.softphone import sdp
from custom_components.ringcentral.softphone.sip.framing import Frame, StreamFramer
from custom_components.ringcentral.softphone.sip.message import Request, parse_message

TARGET: Final = 40.0
_NUMBER: Final = 200
_ROUNDS: Final = 150


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


_BODY: Final = _lines(
    "v=0",
    "o=- 6987654321 8123456789 IN IP4 199.255.120.176",
    "s=SmcSip",
    "c=IN IP4 199.255.120.176",
    "t=0 0",
    "m=audio 43514 RTP/AVP 0 8 101",
    "a=rtpmap:0 pcmu/8000",
    "a=rtpmap:8 pcma/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=sendrecv",
)
_HEAD: Final = _lines(
    "INVITE sip:18005557562*102@192.168.42.15:62931;transport=TCP;ob SIP/2.0",
    "Via: SIP/2.0/TCP 10.62.192.70:5091;branch=z9hG4bK2d4790.1a2b3c4d5e6f",
    "Max-Forwards: 69",
    "User-Agent: RC_SIPWRP_25.111",
    'From: "WIRELESS CALLER" <sip:+16505550072@10.62.192.70>;tag=10.62.25.111-5070-6ce1264681244a',
    "To: <sip:18005557562*102@192.168.12.3;ob>",
    "Contact: <sip:+16505550072@10.62.192.70:5091;transport=tcp>",
    "Call-ID: 0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "CSeq: 31268 INVITE",
    "Allow: SUBSCRIBE, NOTIFY, REFER, INVITE, ACK, BYE, CANCEL, UPDATE, INFO",
    "Supported: replaces, timer, diversion",
    "Session-Expires: 14400;refresher=uac",
    "Min-SE: 90",
    "Content-Type: application/sdp",
    f"Content-Length: {len(_BODY)}",
    "",
)
INVITE: Final = _HEAD + _BODY


def parse_only() -> Request:
    """Cut out and parse."""
    (frame,) = StreamFramer().feed(INVITE)
    assert isinstance(frame, Frame)
    request = parse_message(frame.head, frame.body)
    assert isinstance(request, Request)
    return request


def typed() -> tuple[object, ...]:
    """Cut out, parse, and read everything the phone reads."""
    request = parse_only()
    return (
        request.branch,
        request.from_,
        request.to,
        request.contacts,
        request.cseq,
        sdp.parse_offer(request.body),
    )


def _email() -> object:
    _, _, headers = _HEAD.partition(b"\r\n")
    return BytesHeaderParser().parsebytes(headers).items()


def _floor() -> object:
    head, _, body = INVITE.partition(b"\r\n\r\n")
    headers: dict[str, list[str]] = {}
    for line in head.decode().split("\r\n")[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return headers, body


def _voip_utils() -> Callable[[], object]:
    protocol = import_module("voip_utils.sip").SipDatagramProtocol
    # It reads a message with a method of its server; no server is needed for that.
    reader, text = object.__new__(protocol), INVITE.decode()
    parse: Callable[[str], object] = reader._parse_sip  # noqa: SLF001
    return lambda: parse(text)


def peers() -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield who else reads it."""
    yield "the least that can be done: split into a dictionary", _floor
    yield "email.parser.BytesHeaderParser, headers only", _email
    with suppress(ImportError, AttributeError):
        yield "voip_utils, headers only", _voip_utils()


def measure(action: Callable[[], object]) -> float:
    """Return the microseconds of one call."""
    return min(repeat(action, number=_NUMBER, repeat=_ROUNDS)) / _NUMBER * 1e6


def main() -> None:
    """Print a table."""
    ours = measure(typed)
    rows = [("softphone, typed, with its offer", ours), ("softphone, framed and parsed", measure(parse_only))]
    rows += [(name, measure(action)) for name, action in peers()]
    print(f"An INVITE of {len(INVITE)} bytes, best of {_ROUNDS} x {_NUMBER}")
    print(f"{'':52} {'µs':>7} {'ratio':>7}")
    for name, microseconds in rows:
        print(f"{name:52} {microseconds:7.1f} {microseconds / ours:7.2f}")
    print(f"The target of {TARGET:.0f} µs is {'met' if ours <= TARGET else 'missed'}.")


if __name__ == "__main__":
    main()
