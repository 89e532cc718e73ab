"""Digest authentication (RFC 2617, RFC 7616, RFC 8760) as a client.

RingCentral challenges with nothing but a realm and a nonce (RFC 2069 style); PBXs add `qop="auth"` or SHA-256.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
import hashlib
import re
from typing import Final

_ALGORITHMS: Final = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
# The strongest first.
_PREFERENCE: Final = ("SHA-256", "MD5")
_PARAM: Final = re.compile(
    r'(?<![A-Za-z0-9_\-])([A-Za-z0-9_\-]++)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))'
)
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to the server."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate or Proxy-Authenticate value."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: bool = False
    opaque: str | None = None
    stale: bool = False


def parse_challenge(value: str) -> Challenge | None:
    """Parse one challenge; None when it is not a digest this client can answer."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    params = {
        name.lower(): _ESCAPED.sub(r"\1", quoted) or plain for name, quoted, plain in _PARAM.findall(rest)
    }
    algorithm = params.get("algorithm", "MD5").upper()
    qops = {item.strip().lower() for item in params.get("qop", "").split(",") if item.strip()}
    if (
        "realm" not in params
        or "nonce" not in params
        or algorithm not in _ALGORITHMS
        or (qops and "auth" not in qops)
    ):
        return None
    return Challenge(
        realm=params["realm"],
        nonce=params["nonce"],
        algorithm=algorithm,
        qop=bool(qops),
        opaque=params.get("opaque"),
        stale=params.get("stale", "").lower() == "true",
    )


def choose_challenge(values: Iterable[str]) -> Challenge | None:
    """Return the strongest challenge that can be answered, or None."""
    challenges = [challenge for challenge in map(parse_challenge, values) if challenge is not None]
    return min(challenges, key=lambda challenge: _PREFERENCE.index(challenge.algorithm), default=None)


def authorization(
    challenge: Challenge, credentials: Credentials, *, method: str, uri: str, cnonce: str, count: int = 1
) -> str:
    """Return the Authorization value for one request; cnonce and count serve only a challenge with qop."""
    digest = _ALGORITHMS[challenge.algorithm]

    def hashed(*parts: str) -> str:
        # As on the wire: a realm that isn't UTF-8 is kept as lone surrogates.
        return digest(":".join(parts).encode("utf-8", "surrogateescape")).hexdigest()

    secret = hashed(credentials.username, challenge.realm, credentials.password)
    request = hashed(method, uri)
    nonce_count = f"{count:08x}"
    middle = (challenge.nonce, nonce_count, cnonce, "auth") if challenge.qop else (challenge.nonce,)
    fields = [
        f"username={_quote(credentials.username)}",
        f"realm={_quote(challenge.realm)}",
        f"nonce={_quote(challenge.nonce)}",
        f"uri={_quote(uri)}",
        f'response="{hashed(secret, *middle, request)}"',
        f"algorithm={challenge.algorithm}",
    ]
    if challenge.opaque is not None:
        fields.append(f"opaque={_quote(challenge.opaque)}")
    if challenge.qop:
        fields += [f'cnonce="{cnonce}"', "qop=auth", f"nc={nonce_count}"]
    return "Digest " + ", ".join(fields)


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
