"""What must never be read in a log, a diagnostics file or anything else that is shown, and whether it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import re
from typing import Final

from .caller import Caller
from .registrar import Account
from .rest import Account as User, LoggedRequest

# What signalling gives away of passwords and keys, by the name of it.
_ON_THE_WIRE: Final = {
    "a digest response": re.compile(rb'\bresponse="([^"]+)"'),
    "a digest cnonce": re.compile(rb'\bcnonce="([^"]+)"'),
    "an SRTP key": re.compile(rb"\binline:([A-Za-z0-9+/=]+)"),
}
# Fields of OAuth that are as good as a password.
_IN_FORMS: Final = {
    "assertion": "a JWT",
    "client_secret": "a client secret",
    "code": "an authorization code",
    "code_verifier": "a PKCE verifier",
    "refresh_token": "a refresh token",
    "token": "an access token",
}
# Digits of a number without its country code: enough to call somebody. A shorter one is an extension.
_NATIONAL: Final = 10


@dataclass(frozen=True, slots=True)
class Secret:
    """Something that nobody may see, and what it is in words."""

    what: str
    text: str = field(repr=False)


def secrets_of(
    users: Iterable[User] = (),
    *,
    accounts: Iterable[Account] = (),
    callers: Iterable[Caller] = (),
    requests: Iterable[LoggedRequest] = (),
    wire: bytes = b"",
) -> frozenset[Secret]:
    """Gather the secrets of users, SIP accounts, callers, what was asked over REST and what passed as SIP."""
    found: set[tuple[str, str]] = set()
    for user in users:
        found |= {("a client secret", user.client_secret), ("a JWT", user.jwt)}
        found.add(("a number", _national(user.main_number)))
    for account in accounts:
        found |= {("a SIP password", account.password), ("an authorization id", account.authorization_id)}
        found |= {("a number", _national(account.number)), ("a user name", account.username)}
    for caller in callers:
        found |= {("a number", _national(caller.number)), ("a caller's name", caller.name)}
    for request in requests:
        found |= {(what, request.form.get(name, "")) for name, what in _IN_FORMS.items()}
        found.add(("what a request proves itself with", _credentials(request.headers)))
    for what, pattern in _ON_THE_WIRE.items():
        found |= {(what, match.decode()) for match in pattern.findall(wire)}
    return frozenset(Secret(what, text) for what, text in found if text)


def leaks(shown: Mapping[str, str], secrets: Iterable[Secret]) -> list[str]:
    """Return which secrets are in which of these texts, and in which line; never the secrets themselves."""
    return sorted(
        {
            f"{secret.what} in {place}, line {text.count('\n', 0, text.index(secret.text)) + 1}"
            for place, text in shown.items()
            for secret in secrets
            if secret.text in text
        }
    )


def _national(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    return digits[-_NATIONAL:] if len(digits) >= _NATIONAL else ""


def _credentials(headers: Mapping[str, str]) -> str:
    """What follows the scheme in Authorization."""
    stated = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
    return stated.partition(" ")[2]
