"""What RingCentral asks within a call besides INVITE and BYE, and what it adds to an INVITE of a call that stands."""

import re

from .caller import Act, Step, Transfers
from .dialog import Headers
from .presses import Press
from .wire import Message

SDP: Headers = (("Content-Type", "application/sdp"),)
ELSEWHERE: Headers = (("Reason", 'SIP;cause=200;text="Call completed elsewhere"'),)
TIMER: Headers = (("Session-Expires", "14400;refresher=uac"), ("Min-SE", "90"))
ENQUIRIES: dict[Step, tuple[str, Headers, bytes]] = {
    Step.UPDATE: ("UPDATE", TIMER, b""),
    Step.INFO: (
        "INFO",
        (("Content-Type", "application/json;charset=utf-8"),),
        b'{"request":{"reqid":1,"command":"noop"}}',
    ),
    Step.OPTIONS: ("OPTIONS", (("Accept", "application/sdp"),), b""),
    Step.NOTIFY: ("NOTIFY", (("Event", "keep-alive"), ("Subscription-State", "active")), b""),
}
# The answer to a REFER, and the status lines that are told after it.
TRANSFERS: dict[Transfers, tuple[int, Headers, tuple[str, ...]]] = {
    Transfers.TOLD: (202, (), ("200 OK",)),
    Transfers.RINGING: (202, (), ("100 Trying", "180 Ringing", "200 OK")),
    Transfers.UNTOLD: (202, (("Refer-Sub", "false"),), ()),
    Transfers.BUSY: (202, (), ("100 Trying", "486 Busy Here")),
    Transfers.REFUSED: (603, (), ()),
}
REJECTIONS = {10: "forward", 11: "voicemail", 12: "reject"}
OTHER_CLIENT = "802398000001"  # the authorization id of another instance
RECEIVED = 17  # ClientReceiveConfirm; before it, voicemail is ignored


def told(line: str) -> tuple[Headers, bytes]:
    """The headers and the body of a NOTIFY that tells how far a transfer has come (RFC 3515 §2.4.5)."""
    state = "active;expires=60" if line.startswith("1") else "terminated;reason=noresource"
    headers = (
        ("Event", "refer"),
        ("Subscription-State", state),
        ("Content-Type", "message/sipfrag;version=2.0"),
    )
    return headers, f"SIP/2.0 {line}\r\n".encode()


def command_of(message: Message, sid: str) -> int | None:
    """The command of a control message about the call of this SID; None if it is none."""
    match = re.search(rb'Cmd="(\d{1,3})"', message.body)
    if (
        not match
        or f'SID="{sid}"'.encode() not in message.body
        or message.get("Content-Type") != "x-rc/agent"
    ):
        return None
    return int(match[1])


def enquiry(step: Act) -> tuple[str, Headers, bytes] | None:
    """The request a step is, None for one that isn't a mere question."""
    return step.info if isinstance(step, Press) else ENQUIRIES.get(step)
