"""The phone's lines for tests of the simulator: built by hand, so that each can be got wrong on purpose."""

import hashlib

from simulator.registrar import Account
from simulator.wire import Message, reply, request, tag_of, uri_of

CONTACT = "sip:802512345678@a1b2c3.invalid;transport=tcp"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def register(
    account: Account,
    *,
    number: int = 1,
    expires: int = 600,
    authorization: str = "",
    contact: str = CONTACT,
    call_id: str = "r1",
) -> Message:
    headers = [
        ("Via", "SIP/2.0/TCP a1b2c3.invalid;branch=z9hG4bKreg"),
        ("Max-Forwards", "70"),
        ("From", f"<sip:{account.username}@{account.domain}>;tag=me"),
        ("To", f"<sip:{account.username}@{account.domain}>"),
        ("Call-ID", call_id),
        ("CSeq", f"{number} REGISTER"),
        ("Contact", f"<{contact}>;expires={expires}"),
    ]
    if authorization:
        headers.append(("Authorization", authorization))
    return request("REGISTER", f"sip:{account.domain}", headers)


def authorization(account: Account, nonce: str, password: str = "s3cret") -> str:
    uri = f"sip:{account.domain}"
    user = md5(f"{account.authorization_id}:{account.domain}:{password}")
    response = md5(f"{user}:{nonce}:{md5(f'REGISTER:{uri}')}")
    return (
        f'Digest algorithm=MD5, username="{account.authorization_id}", realm="{account.domain}", '
        f'nonce="{nonce}", uri="{uri}", response="{response}"'
    )


def sdp(
    port: int = 40000,
    *,
    version: int = 1,
    codecs: str = "0 101",
    profile: str = "RTP/AVP",
    direction: str = "sendrecv",
    host: str = "127.0.0.1",
) -> bytes:
    return (
        f"v=0\r\no=- 77 {version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} {profile} {codecs}\r\na=rtpmap:0 PCMU/8000\r\na={direction}\r\n"
    ).encode()


def respond(
    asked: Message, status: int, *, body: bytes = b"", tag: str = "phone", reason: str = "-"
) -> Message:
    content = [("Content-Type", "application/sdp")] if body else []
    contact = ("Contact", f"<{CONTACT}>")
    return reply(asked, status, tag=tag, reason=reason, headers=(contact, *content), body=body)


def ask(
    invite: Message,
    method: str,
    *,
    number: int = 1,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    uri: str = "",
    tag: str = "phone",
) -> Message:
    """A request of the phone in the dialog that an INVITE of the server began."""
    return request(
        method,
        uri or uri_of(invite.get("Contact") or ""),
        [
            ("Via", "SIP/2.0/TCP a1b2c3.invalid;branch=z9hG4bKphone"),
            ("Max-Forwards", "70"),
            ("From", f"{invite.get('To')};tag={tag}"),
            ("To", f"<sip:x@y>;tag={tag_of(invite.get('From') or '')}"),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{number} {method}"),
            *headers,
        ],
        body,
    )
