"""Where tokens are got and given back (RFC 6749 §3.2, RFC 7009)."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
import logging
from typing import Final

from .endpoints import REVOKE, TOKEN
from .errors import RingCentralError
from .fields import optional_text, optional_whole, text
from .transport import Transport

LOGGER: Final = logging.getLogger(__name__)

_TOKEN_LIMIT: Final = 4096


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted; lifetimes in seconds, that of the access token above 0."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(default=None, repr=False)
    refresh_token_expires_in: int | None = None


class TokenEndpoint:
    """The token endpoint as one app uses it. An app without a secret is a public one (RFC 6749 §2.1)."""

    def __init__(self, transport: Transport, client_id: str, client_secret: str) -> None:
        """Ask over `transport`."""
        pair = f"{client_id}:{client_secret}".encode()
        self._authorization = f"Basic {b64encode(pair).decode('ascii')}" if client_secret else None
        self._app = {} if client_secret else {"client_id": client_id}
        self._transport = transport

    async def ask(self, form: Mapping[str, str]) -> Grant:
        """Ask for a grant.

        Raises:
            SignInRefused, RateLimited, Unreachable, UnexpectedAnswer: nothing was granted.
        """
        answer = await self._transport.send(
            TOKEN, authorization=self._authorization, form={**form, **self._app}
        )
        document = answer.expect_document(TOKEN)
        try:
            grant = Grant(
                access_token=text(document, "access_token", limit=_TOKEN_LIMIT),
                expires_in=optional_whole(document, "expires_in") or 0,
                refresh_token=optional_text(document, "refresh_token", limit=_TOKEN_LIMIT),
                refresh_token_expires_in=optional_whole(document, "refresh_token_expires_in"),
            )
        except ValueError as err:
            answer.unexpected(str(err))
        if grant.expires_in <= 0:
            answer.unexpected("expires_in is missing")
        return grant

    async def revoke(self, token: str) -> None:
        """End the session whose access or refresh token this is, as far as the server can be told."""
        form = {"token": token, **self._app}
        try:
            await self._transport.send(REVOKE, authorization=self._authorization, form=form)
        except RingCentralError as err:
            LOGGER.debug("The session is left to expire: %s", err)
