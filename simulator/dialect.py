"""How RingCentral words an INVITE, its session description and its control messages."""

from dataclasses import dataclass, field
from enum import StrEnum
from xml.sax.saxutils import quoteattr

from .registrar import Account

CODECS = "111 9 0 18 96 8 109 101"
_ALLOW = "SUBSCRIBE, NOTIFY, REFER, INVITE, ACK, BYE, CANCEL, UPDATE, INFO, MESSAGE, OPTIONS"
_ATTRIBUTES = {
    "111": ("rtpmap:111 OPUS/48000/2", "fmtp:111 useinbandfec=1;usedtx=0", "rtcp-fb:111 ccm tmmbr"),
    "9": ("rtpmap:9 g722/8000",),
    "0": ("rtpmap:0 pcmu/8000",),
    "18": ("rtpmap:18 g729/8000", "fmtp:18 annexb=no"),
    "96": ("rtpmap:96 ilbc/8000", "fmtp:96 mode=20"),
    "8": ("rtpmap:8 pcma/8000",),
    "109": ("rtpmap:109 OPUS/16000", "fmtp:109 useinbandfec=1;usedtx=0"),
    "101": ("rtpmap:101 telephone-event/8000", "fmtp:101 0-15"),
}


class Direction(StrEnum):
    """Which way media may go, seen from the one who writes it (RFC 3264 §5.1)."""

    BOTH = "sendrecv"
    SEND = "sendonly"
    RECEIVE = "recvonly"
    NONE = "inactive"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What an INVITE has and has not; as it stands, RingCentral's to a device over TCP."""

    offer: bool = True  # False: no session description, as from a call queue; the phone makes the offer
    anonymous: bool = False
    control: bool | None = None  # the P-rc header; None: if the account was provisioned
    vias: int = 1  # RingCentral sends one; proxies in between add theirs
    codecs: str = CODECS  # payload types offered, first choice first
    profile: str = "RTP/AVP"
    secure: bool = False  # SRTP: another profile, and a key in each description
    auto_answer: bool = False  # Alert-Info and Answer-After
    queue: str = ""  # name of the call queue, in p-rc-api-call-info
    supported: str = "replaces, timer, diversion"


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Party:
    """Who calls."""

    number: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """The identifiers of one call at RingCentral."""

    sid: str  # of the control messages
    request: str  # GUID of the control messages
    telephony: str  # REST telephony session
    agent: str  # the address that control messages come from, `#` and digits


def quoted(text: str) -> str:
    """A display name as a quoted string."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def from_header(dialect: Dialect, party: Party, host: str) -> str:
    """From without its tag."""
    if dialect.anonymous:
        return f'"Anonymous" <sip:anonymous@{host}>'
    return f"{quoted(party.name)} <sip:{party.number}@{host}>"


def control_message(
    session: Session, account: Account, command: int, body: dict[str, str], *, reply: bool = False
) -> str:
    """The XML of P-rc and of `x-rc/agent` bodies."""
    mine, theirs = f"{session.agent}@{account.domain}:5060", f"{account.username}@{account.domain}:5060"
    head = {
        "SID": session.sid,
        "Req": "" if reply else session.request,
        "From": mine,
        "To": theirs,
        "Cmd": str(command),
    }
    return f"<Msg><Hdr{_attributes(head)}/><Bdy{_attributes(body)}/></Msg>"


def _attributes(values: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items())


def invite_headers(
    dialect: Dialect, party: Party, account: Account, session: Session, host: str
) -> list[tuple[str, str]]:
    """What only an INVITE carries."""
    number, name = ("anonymous", "Anonymous") if dialect.anonymous else (party.number, party.name)
    headers = [
        ("User-Agent", "RC_SIPWRP_25.111"),
        ("Allow", _ALLOW),
        ("Supported", dialect.supported),
        ("Session-Expires", "14400;refresher=uac"),
        ("Min-SE", "90"),
        ("p-rc-api-ids", f"party-id=p-{session.telephony}-2;session-id=s-{session.telephony}"),
    ]
    after = ";Answer-After=0" if dialect.auto_answer else ""
    headers.append(("Call-Info", f"<{session.telephony}@{host}>;purpose=info{after}"))
    if dialect.auto_answer:
        headers.append(("Alert-Info", "Auto Answer"))
    if not dialect.anonymous:
        headers.append(("P-Asserted-Identity", f"{quoted(name)} <sip:{number}@{host}>"))
    if dialect.queue:
        headers.append(("p-rc-api-call-info", f"callAttributes=queue-call;queueName={dialect.queue}"))
    if account.provisioned if dialect.control is None else dialect.control:
        body = {
            "SrvLvl": "-149699523",
            "SrvLvlExt": "406",
            "Phn": number,
            "Nm": name,
            "ToPhn": f"+{account.number}",
            "ToNm": account.name,
            "RecUrl": "",
        }
        headers.append(("P-rc", control_message(session, account, 6, body)))
    return headers


def description(
    media: Address,
    *,
    version: int,
    codecs: str = CODECS,
    profile: str = "RTP/AVP",
    direction: Direction = Direction.BOTH,
    key: str = "",
) -> bytes:
    """A session description (RFC 4566): one audio stream; `key` is the line with its SRTP key."""
    lines = [
        "v=0",
        f"o=- {media.port * 7} {version} IN IP4 {media.host}",
        "s=SmcSip",
        f"c=IN IP4 {media.host}",
        "t=0 0",
        f"m=audio {media.port} {profile} {codecs}",
    ]
    lines += [f"a={text}" for codec in codecs.split() for text in _ATTRIBUTES.get(codec, ())]
    lines += [key] if key else []
    lines.append(f"a={direction}")
    return ("\r\n".join(lines) + "\r\n").encode()
