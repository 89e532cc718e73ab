"""What RingCentral asks within a call besides INVITE and BYE, and what it adds to an INVITE of a call that stands."""

from .caller import Step
from .dialog import Headers

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
TRANSFERRED: Headers = (
    ("Event", "refer"),
    ("Subscription-State", "terminated;reason=noresource"),
    ("Content-Type", "message/sipfrag;version=2.0"),
)
