"""What the phone asks of RingCentral's REST interface."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
import logging
import time
from typing import Final

import aiohttp

from .address_book import PersonalContact, personal_contacts
from .answer import Answer
from .blocked_number import BlockedNumber, blocked_numbers, label_of
from .call_log import LoggedCall, logged_calls
from .credentials import AppCredentials
from .endpoints import (
    BLOCK_NUMBER,
    BLOCKED_NUMBERS,
    CALL_LOG,
    CONTACTS,
    DELETE_MESSAGE,
    DEVICES,
    EXTENSION,
    MESSAGE_CONTENT,
    MESSAGES,
    SIP_INFO,
    SIP_PROVISION,
    UNBLOCK_NUMBER,
    UPDATE_MESSAGE,
    Endpoint,
)
from .errors import EncryptionWithdrawn, ExtensionUnusable, NotAllowed, RingCentralError, UnexpectedAnswer
from .existing_phone import ExistingPhone, existing_phones, provision_of
from .models import EXTENSION_ENABLED, TCP, TLS, Extension, Provision
from .paging import records_of
from .regions import Region
from .token import AccessTokens, TokenSource
from .transport import Patience, Transport
from .voicemail import VoiceMessage, since_text, voice_messages

LOGGER: Final = logging.getLogger(__name__)

REQUEST_TIMEOUT: Final = 15.0
"""Seconds for one request, from the name look-up to the last byte."""

MOST_CONTACTS: Final = 10_000
"""Records of an address book that are read. Reading pages of it is dear to RingCentral, so they are long ones."""

_LONGEST_PAGE: Final = 1000
_MOST_BLOCKED: Final = 5000
# A mailbox holds two hundred messages.
_MOST_MESSAGES: Final = 1000
_MESSAGES_PAGE: Final = 250
_MOST_CALLS: Final = 5000
_MOST_DEVICES: Final = 1000
_DEVICES_PAGE: Final = 100

_DEVICE_REJECTED: Final = frozenset({"SPR-114", "SPR-118", "SPR-130", "CMN-102"})

# What is asked for in turn, as long as it is the request that RingCentral doesn't take. A service that doesn't know
# TLS refuses it in the same words as one that wants to be asked for one transport at a time.
_TRANSPORTS: Final = {True: ((TLS, TCP), (TLS,), (TCP,)), False: ((TCP,),)}
_REQUEST_REJECTED: Final = frozenset({"CMN-101", "SPR-129"})


class RingCentralClient:
    """One app acting for one user.

    Nothing is repeated behind the caller's back, save once: an API call whose token had died, and a provisioning
    whose device was not known any more. A provisioning whose transports are rejected is asked for with others. (aiohttp itself sends a GET again, once, when its connection is lost before
    an answer; RFC 9110 §9.2.2 allows that.) After a 429 (or a 503 with `Retry-After`) nothing at all is sent until
    the penalty is over, since each request within it would start it again. A client that is made anew knows of it
    by the `patience` it shares with the one before.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        sign_in: AppCredentials | AccessTokens,
        *,
        user_agent: str,
        near: Region = Region.NA,
        clock: Callable[[], float] = time.monotonic,
        request_timeout: float = REQUEST_TIMEOUT,
        patience: Patience | None = None,
    ) -> None:
        """Use `session`, which stays the caller's to close.

        Args:
            sign_in: what signs in, or what keeps the user signed in already.
            user_agent: `Name/1.2.3`; RingCentral refuses versions it can't parse.
            near: where the phone is.
            clock: seconds that never go back.
            request_timeout: seconds for one request.
            patience: what clients of the same app at the same server know of its penalties; they share the clock.

        Raises:
            ValueError: `user_agent` has another form.
        """
        self._transport = Transport(
            session,
            sign_in.server,
            user_agent=user_agent,
            clock=clock,
            timeout=request_timeout,
            patience=patience,
        )
        self._server = sign_in.server
        self._near = near
        self._tokens: AccessTokens = (
            TokenSource(self._transport, sign_in, clock) if isinstance(sign_in, AppCredentials) else sign_in
        )

    async def extension(self) -> Extension:
        """Return the user who is signed in.

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

    async def existing_phones(self) -> tuple[ExistingPhone, ...]:
        """Return the user's phones of the type Existing Phone; none when they may not be seen.

        Raises:
            RingCentralError: as drawn in `errors`, when nobody was asked.
        """
        try:
            return existing_phones(
                await records_of(self._call, DEVICES, size=_DEVICES_PAGE, most=_MOST_DEVICES)
            )
        except (NotAllowed, UnexpectedAnswer, ValueError) as err:
            LOGGER.debug("The list of devices is of no use: %s", err)
            return ()

    async def existing_phone(self, device_id: str, *, encrypted: bool = True) -> Provision:
        """Return what registers one of the existing phones, over TLS where RingCentral offers that.

        Args:
            encrypted: False for TCP, unless RingCentral offers TLS only.

        Raises:
            NotAllowed: the user may not see it (usually an administrator may).
            RingCentralError: as drawn in `errors`.
        """
        endpoint = SIP_INFO.of(device_id)
        answer = await self._call(endpoint)
        document = answer.expect_document(endpoint)
        try:
            return provision_of(device_id, document, self._near, encrypted=encrypted)
        except ValueError as err:
            answer.unexpected(str(err))

    async def address_book(self) -> tuple[PersonalContact, ...]:
        """Return whom the user has in the address book, the first 10,000 records of it.

        Raises:
            MissingPermission: the app lacks `ReadContacts`.
            RingCentralError: as drawn in `errors`.
        """
        records = await records_of(self._call, CONTACTS, size=_LONGEST_PAGE, most=MOST_CONTACTS)
        return await asyncio.to_thread(personal_contacts, records)

    async def try_address_book(self) -> None:
        """Make sure that the address book may be read; raises as `address_book` does."""
        await records_of(self._call, CONTACTS, size=1, most=1)

    async def blocked_numbers(self) -> tuple[BlockedNumber, ...]:
        """Return the numbers the user blocks or always lets through, whoever entered them.

        Raises:
            MissingPermission: the app lacks `ReadAccounts`.
            RingCentralError: as drawn in `errors`.
        """
        return blocked_numbers(
            await records_of(self._call, BLOCKED_NUMBERS, size=_LONGEST_PAGE, most=_MOST_BLOCKED)
        )

    async def block_number(self, number: str, label: str) -> BlockedNumber:
        """Have RingCentral turn calls from a number (E.164) away from all of the user's phones.

        Raises:
            MissingPermission: the app lacks `EditExtensions`.
            RingCentralError: as drawn in `errors`.
        """
        entry = {"phoneNumber": number, "label": label_of(label), "status": "Blocked"}
        answer = await self._call(BLOCK_NUMBER, entry)
        document = answer.expect_document(BLOCK_NUMBER)
        try:
            return BlockedNumber.from_dict(document)
        except ValueError as err:
            answer.unexpected(str(err))

    async def unblock_number(self, entry_id: str) -> None:
        """Take an entry away that `block_number` made; one that is gone already is as good; raises as that does."""
        answer = await self._call(endpoint := UNBLOCK_NUMBER.of(entry_id))
        if answer.status != HTTPStatus.NOT_FOUND:
            answer.expect_done(endpoint)

    async def voicemail(self, since: datetime) -> tuple[VoiceMessage, ...]:
        """Return the messages in the user's mailbox that were left since a moment, oldest first.

        Raises:
            MissingPermission: the app lacks `ReadMessages`.
            RingCentralError: as drawn in `errors`.
        """
        asked = MESSAGES.asked(messageType="VoiceMail", availability="Alive", dateFrom=since_text(since))
        records = await records_of(self._call, asked, size=_MESSAGES_PAGE, most=_MOST_MESSAGES)
        return voice_messages(records, self._server)

    async def try_voicemail(self) -> None:
        """Make sure that the mailbox may be read; raises as `voicemail` does."""
        await records_of(self._call, MESSAGES.asked(messageType="VoiceMail"), size=1, most=1)

    async def content(self, address: str) -> bytes:
        """Return the sound or the words of a message, which lie at an address of it; raises as `voicemail` does."""
        answer = await self._call(endpoint := MESSAGE_CONTENT.at(address))
        answer.expect_done(endpoint)
        return answer.content

    async def mark_message(self, message_id: str, *, read: bool) -> None:
        """Note at RingCentral whether somebody has listened to a message; one that is gone is as good.

        Raises:
            MissingPermission: the app lacks `EditMessages`.
            RingCentralError: as drawn in `errors`.
        """
        status = {"readStatus": "Read" if read else "Unread"}
        answer = await self._call(endpoint := UPDATE_MESSAGE.of(message_id), status)
        if answer.status != HTTPStatus.NOT_FOUND:
            answer.expect_done(endpoint)

    async def delete_message(self, message_id: str) -> None:
        """Put a message among the deleted ones; one that is gone is as good; raises as `mark_message` does.

        Raises:
            ValueError: this is no message's id. Without one RingCentral deletes everything.
        """
        answer = await self._call(endpoint := DELETE_MESSAGE.of(str(int(message_id))))
        if answer.status != HTTPStatus.NOT_FOUND:
            answer.expect_done(endpoint)

    async def call_log(self, since: datetime) -> tuple[LoggedCall, ...]:
        """Return the user's calls that began since a moment, oldest first.

        Raises:
            MissingPermission: the app lacks `ReadCallLog`.
            RingCentralError: as drawn in `errors`.
        """
        asked = CALL_LOG.asked(type="Voice", view="Simple", dateFrom=since_text(since))
        return logged_calls(await records_of(self._call, asked, size=_LONGEST_PAGE, most=_MOST_CALLS))

    async def try_call_log(self) -> None:
        """Make sure that the call log may be read; raises as `call_log` does."""
        await records_of(self._call, CALL_LOG.asked(type="Voice"), size=1, most=1)

    async def renew(self, computer_name: str, kept: Provision, *, encrypted: bool = True) -> Provision:
        """Return what registers the same device from now on, whoever made it.

        Raises:
            EncryptionWithdrawn: it was to stay encrypted, and can't.
            RingCentralError: as `provision` and `existing_phone` do.
        """
        if kept.existing:
            renewed = await self.existing_phone(kept.device_id, encrypted=encrypted)
        else:
            renewed = await self.provision(computer_name, kept.device_id, encrypted=encrypted)
        await self.rest()
        if encrypted and kept.encrypted and not renewed.encrypted:
            raise EncryptionWithdrawn
        return renewed

    async def stay_signed_in(self) -> None:
        """Use the session, so that it doesn't lapse for not being used.

        Raises:
            SignInRefused: it has ended; only the user can begin another.
            RingCentralError: as drawn in `errors`.
        """
        await self._tokens.current()

    async def provision(
        self, computer_name: str, device_id: str | None = None, *, encrypted: bool = True
    ) -> Provision:
        """Return what registers a SIP line, over TLS where RingCentral offers that, else over TCP.

        Args:
            computer_name: any text; the device is named for it.
            device_id: the device of an earlier provisioning, to be used again. If RingCentral doesn't accept it any
                more, another is made.
            encrypted: False for TCP in any case.

        Raises:
            MissingPermission: the app lacks `VoipCalling`.
            FeatureUnavailable: the user or the plan can't have such a line.
            RingCentralError: as drawn in `errors`.
        """
        try:
            return await self._provision_over(_TRANSPORTS[encrypted], computer_name, device_id)
        except RingCentralError as err:
            if not device_id or err.error_code not in _DEVICE_REJECTED:
                raise
            LOGGER.debug("The stored device was rejected (%s), provisioning another", err.error_code)
        return await self._provision_over(_TRANSPORTS[encrypted], computer_name, None)

    async def rest(self) -> None:
        """End a session that can be begun again without the user. SIP credentials outlive it."""
        await self._tokens.rest()

    async def revoke(self) -> None:
        """End the session at RingCentral, best effort. SIP credentials outlive it."""
        await self._tokens.revoke()

    async def _provision_over(
        self, wishes: Sequence[tuple[str, ...]], computer_name: str, device_id: str | None
    ) -> Provision:
        """Ask for one set of transports after the other, until RingCentral takes the request."""
        for transports in wishes[:-1]:
            try:
                return await self._provision(transports, computer_name, device_id)
            except RingCentralError as err:
                if err.error_code not in _REQUEST_REJECTED:
                    raise
                LOGGER.debug("Asking for %s was rejected (%s)", " and ".join(transports), err.error_code)
        return await self._provision(wishes[-1], computer_name, device_id)

    async def _provision(
        self, transports: tuple[str, ...], computer_name: str, device_id: str | None
    ) -> Provision:
        device = {"computerName": computer_name} | ({"id": device_id} if device_id else {})
        sip_info = [{"transport": transport} for transport in transports]
        answer = await self._call(SIP_PROVISION, {"device": device, "sipInfo": sip_info})
        document = answer.expect_document(SIP_PROVISION)
        try:
            return Provision.from_dict(document).over(*transports)
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
