"""The access token; with a JWT it is renewed shortly before it expires, by one request at a time."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import logging
from typing import Final, Protocol

from .credentials import AppCredentials
from .errors import SignInRefused, UnexpectedAnswer
from .token_endpoint import TokenEndpoint
from .transport import Transport

LOGGER: Final = logging.getLogger(__name__)

RENEW_AHEAD: Final = 60.0
"""Seconds before its end at which a token is no longer used; a tenth of its life if that is less."""

_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """An access or refresh token. `expires_at` is on the injected clock, with the margin taken off."""

    value: str = field(repr=False)
    expires_at: float

    @property
    def authorization(self) -> str:
        """The header that carries it (RFC 6750 §2.1)."""
        return f"Bearer {self.value}"


class AccessTokens(Protocol):
    """Keeps a user signed in, in whatever way that was done."""

    @property
    def server(self) -> str:
        """The server that knows the tokens."""

    @property
    def app(self) -> str:
        """What tells the app from others at that server."""

    async def current(self) -> Token:
        """Return a token that hasn't expired.

        Raises:
            SignInRefused: only the user can help.
            RateLimited, Unreachable, UnexpectedAnswer: no token was got for now.
        """

    async def instead_of(self, rejected: Token) -> Token:
        """Return another token than `rejected`; raises as `current` does."""

    def forget(self, rejected: Token) -> None:
        """Don't return `rejected` any more."""

    async def rest(self) -> None:
        """End a session that can be begun again without the user, and keep any other."""

    async def revoke(self) -> None:
        """End the session, as far as the server can be told."""


@dataclass(slots=True)
class _SignIn:
    """A request for a token that is under way, and how many wait for it."""

    task: asyncio.Task[Token]
    waiting: int = 0


class TokenSource:
    """Keeps one session of one app alive, with a JWT."""

    def __init__(self, transport: Transport, credentials: AppCredentials, clock: Callable[[], float]) -> None:
        """Start signed out."""
        self._endpoint = TokenEndpoint(transport, credentials.client_id, credentials.client_secret)
        self.server, self.app = credentials.server, credentials.client_id
        self._jwt = credentials.jwt
        self._clock = clock
        self._access: Token | None = None
        self._refresh: Token | None = None
        self._sign_in: _SignIn | None = None

    async def current(self) -> Token:
        """Return a token that hasn't expired. Callers that come meanwhile share one request.

        Raises:
            SignInRefused, RateLimited, Unreachable, UnexpectedAnswer: no token was got.
        """
        if (token := self._usable(self._access)) is not None:
            return token
        sign_in = self._sign_in or self._start()
        sign_in.waiting += 1
        try:
            # Unlike awaiting the task, this leaves it running when the caller is cancelled.
            await asyncio.wait([sign_in.task])
        finally:
            sign_in.waiting -= 1
            if not sign_in.waiting:
                self._abandon(sign_in)
        return sign_in.task.result()

    async def instead_of(self, rejected: Token) -> Token:
        """Return another token than `rejected`, which another caller may have got already."""
        if self._access is rejected:
            self._access = None
        return await self.current()

    def forget(self, rejected: Token) -> None:
        """Drop the session of `rejected`, so that the next token comes from the JWT."""
        if self._access is rejected:
            self._access = self._refresh = None

    async def revoke(self) -> None:
        """End the session, if there is one, as far as the server can be told."""
        token = self._refresh or self._access
        self._access = self._refresh = None
        if token is not None:
            await self._endpoint.revoke(token.value)

    async def rest(self) -> None:
        """End the session; the next token comes from the JWT."""
        await self.revoke()

    def _usable(self, token: Token | None) -> Token | None:
        return token if token is not None and self._clock() < token.expires_at else None

    def _start(self) -> _SignIn:
        sign_in = _SignIn(asyncio.create_task(self._obtain(), name="ringcentral sign-in"))
        self._sign_in = sign_in
        sign_in.task.add_done_callback(lambda _task: self._settled(sign_in))
        return sign_in

    def _settled(self, sign_in: _SignIn) -> None:
        if self._sign_in is sign_in:
            self._sign_in = None
        if not sign_in.task.cancelled():
            sign_in.task.exception()  # Retrieved, in case every caller has been cancelled meanwhile.

    def _abandon(self, sign_in: _SignIn) -> None:
        sign_in.task.cancel()
        if self._sign_in is sign_in:
            self._sign_in = None

    async def _obtain(self) -> Token:
        if (refresh := self._usable(self._refresh)) is not None:
            try:
                return await self._ask({"grant_type": "refresh_token", "refresh_token": refresh.value})
            except SignInRefused as err:
                LOGGER.debug("The refresh token was refused, signing in with the JWT: %s", err)
            except UnexpectedAnswer:
                self._refresh = None
                raise
        self._refresh = None
        return await self._ask({"grant_type": _JWT_GRANT, "assertion": self._jwt})

    async def _ask(self, form: Mapping[str, str]) -> Token:
        asked_at = self._clock()
        grant = await self._endpoint.ask(form)
        refresh = grant.refresh_token
        self._access = _token(grant.access_token, asked_at, grant.expires_in)
        self._refresh = (
            _token(refresh, asked_at, grant.refresh_token_expires_in) if refresh is not None else None
        )
        return self._access


def _token(value: str, asked_at: float, lifetime: int | None) -> Token:
    if lifetime is None:
        return Token(value, float("inf"))
    return Token(value, asked_at + lifetime - min(RENEW_AHEAD, lifetime / 10))
