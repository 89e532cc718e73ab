"""Tries an account before it is saved: registers for a moment, and says what kept it from that."""

import asyncio
from dataclasses import dataclass
import ssl
from typing import Final

from .softphone import Account, Cause, LineLost, Phone, PhoneEvent, Registered, RegistrationRefused
from .softphone.media import ClipWriter, MediaEngine

# A connection, a challenge and two answers: each has ten seconds.
PATIENCE: Final = 25.0

REFUSALS: Final = {
    401: "wrong_password",
    403: "wrong_password",
    404: "unknown_user",
    407: "wrong_password",
    603: "too_many_devices",
}

LOSSES: Final = {Cause.TLS_CERTIFICATE: "certificate_invalid", Cause.TLS: "no_tls"}


@dataclass(frozen=True, slots=True)
class RegistrationFailedError(Exception):
    """The server can't be registered with; key names the reason for translations, detail what was said."""

    key: str
    detail: str


async def async_check_registration(account: Account, tls: ssl.SSLContext | None = None) -> None:
    """Register and give the registration back; raises RegistrationFailedError."""
    outcome: asyncio.Future[PhoneEvent] = asyncio.get_running_loop().create_future()

    def heard(event: PhoneEvent) -> None:
        if isinstance(event, Registered | RegistrationRefused | LineLost) and not outcome.done():
            outcome.set_result(event)

    phone = Phone(account, MediaEngine(ClipWriter()), heard, tls)
    phone.start()
    try:
        async with asyncio.timeout(PATIENCE):
            event = await outcome
    except TimeoutError:
        raise RegistrationFailedError("no_answer", account.proxy.host) from None
    finally:
        await phone.stop()
    match event:
        case RegistrationRefused(status, reason):
            raise RegistrationFailedError(
                REFUSALS.get(status, "registration_refused"), f"{status} {reason}".strip()
            )
        case LineLost(reason, _, cause):
            raise RegistrationFailedError(LOSSES.get(cause, "no_connection"), reason)
