"""What the phone asks of RingCentral's REST interface."""

from collections.abc import Callable
from http import HTTPStatus
import logging
import time
from typing import Final

import aiohttp

from .answer import Answer
from .credentials import AppCredentials
from .endpoints import EXTENSION, SIP_PROVISION, Endpoint
from .errors import ExtensionUnusable, RingCentralError
from .models import EXTENSION_ENABLED, Extension, Provision
from .token import TokenSource
from .transport import Transport

LOGGER: Final = logging.getLogger(__name__)

REQUEST_TIMEOUT: Final = 15.0
"""Seconds for one request, from the name look-up to the last byte."""

_DEVICE_REJECTED: Final = frozenset({"SPR-114", "SPR-118", "SPR-130", "CMN-102"})


class RingCentralClient:
    """One app acting for one user.

    Nothing is repeated behind the caller's back, save once: an API call whose token had died, and a provisioning
    whose device was not known any more. (aiohttp itself sends a GET again, once, when its connection is lost before
    an answer; RFC 9110 §9.2.2 allows that.) After a 429 (or a 503 with `Retry-After`) nothing at all is sent until
    the penalty is over, since each request within it would start it again. A client that is made anew has
    forgotten it, so keep the client.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        credentials: AppCredentials,
        *,
        user_agent: str,
        clock: Callable[[], float] = time.monotonic,
        request_timeout: float = REQUEST_TIMEOUT,
    ) -> None:
        """Use `session`, which stays the caller's to close.

        Args:
            user_agent: `Name/1.2.3`; RingCentral refuses versions it can't parse.
            clock: seconds that never go back.
            request_timeout: seconds for one request.

        Raises:
            ValueError: `user_agent` has another form.
        """
        self._transport = Transport(
            session, credentials.server, user_agent=user_agent, clock=clock, timeout=request_timeout
        )
        self._tokens = TokenSource(self._transport, credentials, clock)

    async def extension(self) -> Extension:
        """Return the user the JWT belongs to.

        Raises:
            ExtensionUnusable: it is disabled, frozen or not activated.
            RingCentralError: as drawn in `errors`.
        """
        answer = await self._call(EXTENSION)
        document = answer.expect_document(EXTENSION)
        try:
            extension = Extension.from_dict(document)
        except ValueError as err:
            answer.unexpected(str(err))
        if extension.status != EXTENSION_ENABLED:
            raise ExtensionUnusable(request_id=answer.request_id)
        return extension

    async def provision(self, computer_name: str, device_id: str | None = None) -> Provision:
        """Return what registers a SIP line over TCP.

        Args:
            computer_name: any text; the device is named for it.
            device_id: the device of an earlier provisioning, to be used again. If RingCentral doesn't accept it any
                more, another is made.

        Raises:
            MissingPermission: the app lacks `VoipCalling`.
            FeatureUnavailable: the user or the plan can't have such a line.
            RingCentralError: as drawn in `errors`.
        """
        try:
            return await self._provision(computer_name, device_id)
        except RingCentralError as err:
            if not device_id or err.error_code not in _DEVICE_REJECTED:
                raise
            LOGGER.debug("The stored device was rejected (%s), provisioning another", err.error_code)
        return await self._provision(computer_name, None)

    async def revoke(self) -> None:
        """End the session at RingCentral, best effort. SIP credentials outlive it."""
        await self._tokens.revoke()

    async def _provision(self, computer_name: str, device_id: str | None) -> Provision:
        device = {"computerName": computer_name} | ({"id": device_id} if device_id else {})
        answer = await self._call(SIP_PROVISION, {"device": device, "sipInfo": [{"transport": "TCP"}]})
        document = answer.expect_document(SIP_PROVISION)
        try:
            return Provision.from_dict(document)
        except ValueError as err:
            answer.unexpected(str(err))

    async def _call(self, endpoint: Endpoint, body: object = None) -> Answer:
        """Send an API request; with a new token once more if the server says that the token is to blame."""
        token = await self._tokens.current()
        answer = await self._transport.send(endpoint, authorization=token.authorization, json=body)
        if answer.is_token_stale:
            token = await self._tokens.instead_of(token)
            answer = await self._transport.send(endpoint, authorization=token.authorization, json=body)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._tokens.forget(token)
        return answer
