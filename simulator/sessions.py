"""RingCentral's authorization server in miniature: consent, grants, sessions (RFC 6749, RFC 7009, RFC 7636)."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
import re
import secrets
from typing import Any, Final

from .refusals import Refused
from .user import Account

MAX_SESSIONS: Final = 5
"""Sessions of one user and app; one more ends the oldest."""

CODE_TTL: Final = 60
"""Seconds in which an authorization code must be used."""

REFRESH_TOKEN_TTL: Final = 604799
"""Seconds in which a refresh token must be used."""

_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_METHODS: Final[Mapping[str, Callable[[str], str]]] = {
    "plain": lambda verifier: verifier,
    "S256": lambda verifier: urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("="),
}


@dataclass(frozen=True, slots=True)
class _Session:
    access: str
    expires_at: float
    refresh: str | None
    refresh_expires_at: float


@dataclass(frozen=True, slots=True)
class _Code:
    redirect_uri: str
    challenge: str | None
    method: str
    expires_at: float


class Sessions:
    """Who is signed in to one account; `clock` is in seconds, `issued` are all tokens there ever were."""

    def __init__(self, account: Account, clock: Callable[[], float]) -> None:
        """Begin with nobody."""
        self._account = account
        self._clock = clock
        self.issued: list[str] = []
        self._sessions: list[_Session] = []
        self._codes: dict[str, _Code] = {}

    def __len__(self) -> int:
        """How many sessions there are."""
        return len(self._sessions)

    def end(self) -> None:
        """Forget every token."""
        self._sessions.clear()

    def authorize(self, query: Mapping[str, str]) -> Mapping[str, str]:
        """Return what the user's browser brings back to the app.

        Raises:
            Refused: the app or where it wants to be called back isn't known, so nothing is brought anywhere.
        """
        account, state = self._account, {"state": query["state"]} if "state" in query else {}
        if query.get("client_id") != account.client_id:
            raise Refused("OAU-153")
        if query.get("redirect_uri") != account.redirect_uri:
            raise Refused("OAU-109")
        if query.get("response_type") != "code":
            return {"error": "unsupported_response_type", **state}
        challenge, method = query.get("code_challenge"), query.get("code_challenge_method", "plain")
        challenged = challenge is not None and _CHALLENGE.fullmatch(challenge) and method in _METHODS
        if not challenged and (challenge is not None or not account.client_secret):
            return {"error": "invalid_request", **state}
        if not account.consents:
            return {"error": "access_denied", **state}
        code = secrets.token_urlsafe(48)
        self._codes[code] = _Code(account.redirect_uri, challenge, method, self._clock() + CODE_TTL)
        return {"code": code, **state, "expires_in": str(CODE_TTL)}

    def grant(self, authorization: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the answer of the token endpoint; raises Refused."""
        self._check_app(authorization, form)
        match form.get("grant_type"):
            case "refresh_token":
                self._consume_refresh(form.get("refresh_token", ""))
            case "authorization_code":
                self._consume_code(form)
            case grant if grant != _JWT_GRANT:
                raise Refused("OAU-250")
            case _ if form.get("assertion") != self._account.jwt:
                raise Refused("OAU-140")
        session = self._open()
        scope, ttl = " ".join(sorted(self._account.permissions)), self._account.access_token_ttl
        granted = {"access_token": session.access, "token_type": "bearer", "expires_in": ttl, "scope": scope}
        if session.refresh is not None:
            granted |= {
                "refresh_token": session.refresh,
                "refresh_token_expires_in": REFRESH_TOKEN_TTL,
            }
        return {**granted, "owner_id": self._account.extension_id}

    def revoke(self, authorization: str, form: Mapping[str, str]) -> None:
        """End the session either of whose tokens is named; raises Refused."""
        self._check_app(authorization, form)
        token = form.get("token")
        self._sessions = [kept for kept in self._sessions if token not in {kept.access, kept.refresh}]

    def check(self, authorization: str, permission: str) -> None:
        """Let a request to the API in; raises Refused."""
        token = authorization.removeprefix("Bearer ")
        session = next((session for session in self._sessions if session.access == token), None)
        if session is None:
            raise Refused("OAU-213")
        if self._clock() >= session.expires_at:
            raise Refused("OAU-128")
        if permission not in self._account.permissions:
            raise Refused("CMN-401", permission)

    def _open(self) -> _Session:
        now = self._clock()
        session = _Session(
            access=secrets.token_urlsafe(64),
            expires_at=now + self._account.access_token_ttl,
            refresh=secrets.token_urlsafe(64) if self._account.refresh_tokens else None,
            refresh_expires_at=now + REFRESH_TOKEN_TTL,
        )
        self.issued += [token for token in (session.access, session.refresh) if token is not None]
        self._sessions = [*self._sessions, session][-MAX_SESSIONS:]
        return session

    def _consume_refresh(self, token: str) -> None:
        """End the session whose refresh token this is; the next one takes its place."""
        now = self._clock()
        spent = [
            session
            for session in self._sessions
            if session.refresh == token and now < session.refresh_expires_at
        ]
        if not spent:
            raise Refused("OAU-140")
        self._sessions = [session for session in self._sessions if session not in spent]

    def _consume_code(self, form: Mapping[str, str]) -> None:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or self._clock() >= code.expires_at or form.get("redirect_uri") != code.redirect_uri:
            raise Refused("OAU-140")
        verifier = form.get("code_verifier")
        if code.challenge is None and verifier is None:
            return
        if verifier is None or not _VERIFIER.fullmatch(verifier):
            raise Refused("OAU-140")
        if _METHODS[code.method](verifier) != code.challenge:
            raise Refused("OAU-140")

    def _check_app(self, authorization: str, form: Mapping[str, str]) -> None:
        account = self._account
        if not account.client_secret and not authorization:
            if form.get("client_id") != account.client_id:
                raise Refused("OAU-153")
            return
        pair = f"{account.client_id}:{account.client_secret}".encode()
        if not authorization.startswith("Basic "):
            raise Refused("OAU-123")
        if authorization != f"Basic {b64encode(pair).decode('ascii')}":
            raise Refused("OAU-153")
