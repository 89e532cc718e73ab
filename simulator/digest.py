"""The server's half of digest access authentication (RFC 2069, RFC 2617, RFC 7616, RFC 8760)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
import hashlib
import hmac
import re

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_FIELD = re.compile(r"\s*([A-Za-z][\w-]*)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]+))\s*(?:,|$)")


class Scheme(StrEnum):
    """How an account is challenged."""

    RINGCENTRAL = "ringcentral"  # MD5 with nothing but realm and nonce
    QOP = "qop"  # MD5 with qop="auth" and an opaque
    SHA256 = "sha256"  # a SHA-256 challenge first, an MD5 one second, both with qop="auth"
    OPEN = "open"  # no challenge at all: 200 at once


@dataclass(frozen=True, slots=True)
class _Offer:
    algorithm: str
    suffix: str  # as written in the challenge, after realm and nonce
    qop: bool = False


_OFFERS: dict[Scheme, tuple[_Offer, ...]] = {
    Scheme.RINGCENTRAL: (_Offer("MD5", ""),),
    Scheme.QOP: (_Offer("MD5", ', opaque="5ccc069c", qop="auth", algorithm=MD5', qop=True),),
    Scheme.SHA256: (
        _Offer("SHA-256", ', algorithm=SHA-256, qop="auth"', qop=True),
        _Offer("MD5", ', algorithm=MD5, qop="auth"', qop=True),
    ),
    Scheme.OPEN: (),
}


@dataclass(frozen=True, slots=True)
class Secret:
    """Who may answer a challenge."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    realm: str


def challenges(scheme: Scheme, realm: str, nonce: str) -> list[str]:
    """The values of the WWW-Authenticate headers."""
    return [f'Digest realm="{realm}", nonce="{nonce}"{offer.suffix}' for offer in _OFFERS[scheme]]


@lru_cache(64)
def fields(header: str) -> Mapping[str, str]:
    """The fields of an Authorization header, names in lower case; empty if it is not a well-formed Digest."""
    kind, _, rest = header.strip().partition(" ")
    if kind.lower() != "digest":
        return {}
    found: dict[str, str] = {}
    position = 0
    while match := _FIELD.match(rest, position):
        found[match[1].lower()] = match[2] if match[2] is not None else match[3]
        position = match.end()
    return found if position == len(rest) else {}


def nonce_of(header: str) -> str:
    """The nonce that an Authorization header answers."""
    return fields(header).get("nonce", "")


def accepts(header: str, *, scheme: Scheme, secret: Secret, method: str, uri: str) -> bool:
    """Whether an Authorization header proves knowledge of the secret.

    The nonce is the caller's to check. The strongest algorithm offered must be the one answered (RFC 8760 §2.4), and
    `uri` (the Request-URI) must be the one that was signed.
    """
    given = fields(header)
    if given.get("username") != secret.username or given.get("realm") != secret.realm:
        return False
    if given.get("uri") != uri or not (offers := _OFFERS[scheme]):
        return False
    offer = offers[0]
    if given.get("algorithm", "MD5").upper() != offer.algorithm:
        return False

    def digest(*parts: str) -> str:
        return _HASHES[offer.algorithm](":".join(parts).encode()).hexdigest()

    user = digest(secret.username, secret.realm, secret.password)
    asked = digest(method, uri)
    if offer.qop:
        count, client_nonce, qop = (given.get(name, "") for name in ("nc", "cnonce", "qop"))
        if qop != "auth" or not client_nonce or not re.fullmatch(r"[0-9a-f]{8}", count):
            return False
        expected = digest(user, given.get("nonce", ""), count, client_nonce, qop, asked)
    else:
        if "qop" in given:
            return False
        expected = digest(user, given.get("nonce", ""), asked)
    return hmac.compare_digest(expected, given.get("response", ""))
