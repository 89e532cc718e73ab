"""The access token: got with the JWT, renewed shortly before it expires, by one request at a time."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import logging
from typing import Final

from .credentials import AppCredentials
from .endpoints import REVOKE, TOKEN
from .errors import RingCentralError, SignInRefused, UnexpectedAnswer
from .fields import optional_text, optional_whole, text
from .transport import Transport

LOGGER: Final = logging.getLogger(__name__)

RENEW_AHEAD: Final = 60.0
"""Seconds before its end at which a token is no longer used; a tenth of its life if that is less."""

_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_LIMIT: Final = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """An access or refresh token. `expires_at` is on the injected clock, with the margin taken off."""

    value: str = field(repr=False)
    expires_at: float

    @property
    def authorization(self) -> str:
        """The header that carries it (RFC 6750 §2.1)."""
        return f"Bearer {self.value}"


@dataclass(slots=True)
class _SignIn:
    """A request for a token that is under way, and how many wait for it."""

    task: asyncio.Task[Token]
    waiting: int = 0


class TokenSource:
    """Keeps one session of one app alive."""

    def __init__(self, transport: Transport, credentials: AppCredentials, clock: Callable[[], float]) -> None:
        """Start signed out."""
        pair = f"{credentials.client_id}:{credentials.client_secret}".encode()
        self._basic = f"Basic {b64encode(pair).decode('ascii')}"
        self._transport = transport
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
        if token is None:
            return
        try:
            await self._transport.send(REVOKE, authorization=self._basic, form={"token": token.value})
        except RingCentralError as err:
            LOGGER.debug("The session is left to expire: %s", err)

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
        answer = await self._transport.send(TOKEN, authorization=self._basic, form=form)
        document = answer.expect_document(TOKEN)
        try:
            access = text(document, "access_token", limit=_TOKEN_LIMIT)
            lifetime = optional_whole(document, "expires_in") or 0
            refresh = optional_text(document, "refresh_token", limit=_TOKEN_LIMIT)
            refresh_lifetime = optional_whole(document, "refresh_token_expires_in")
        except ValueError as err:
            answer.unexpected(str(err))
        if lifetime <= 0:
            answer.unexpected("expires_in is missing")
        self._access = _token(access, asked_at, lifetime)
        self._refresh = _token(refresh, asked_at, refresh_lifetime) if refresh is not None else None
        return self._access


def _token(value: str, asked_at: float, lifetime: int | None) -> Token:
    if lifetime is None:
        return Token(value, float("inf"))
    return Token(value, asked_at + lifetime - min(RENEW_AHEAD, lifetime / 10))
