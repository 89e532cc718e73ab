"""Tries an account before it is saved: registers for a moment, and says what kept it from that."""

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address
import ssl
from typing import Final

from ..softphone import Account, Cause, LineLost, Phone, PhoneEvent, Proxy, Registered, RegistrationRefused
from ..softphone.media import ClipWriter, MediaEngine

# A connection, a challenge and two answers: each has ten seconds.
PATIENCE: Final = 25.0

REFUSALS: Final = {
    401: "wrong_password",
    403: "forbidden",
    404: "unknown_user",
    407: "wrong_password",
    603: "too_many_devices",
}
# What the server says to everything else.
REFUSED: Final = "registration_refused"

LOSSES: Final = {
    Cause.DNS: "name_not_found",
    Cause.REFUSED: "nothing_listens",
    Cause.TIMEOUT: "no_answer",
    Cause.SILENT: "no_answer",
    Cause.CLOSED: "hung_up",
    Cause.PROTOCOL: "no_sip",
    Cause.TLS_CERTIFICATE: "certificate_invalid",
    Cause.TLS: "no_tls",
}
# What is left, foremost no way to the server.
LOST: Final = "unreachable"
# Who runs a server at home has usually made its certificate, too.
CERTIFICATE_AT_HOME: Final = "certificate_invalid_at_home"

# Names that no server on the internet has; also those without any dot.
_HOME_DOMAINS: Final = (".box", ".home", ".home.arpa", ".internal", ".lan", ".local", ".localdomain")


@dataclass(frozen=True, slots=True)
class RegistrationFailedError(Exception):
    """The server can't be registered with.

    Attributes:
        key: names the reason for translations.
        detail: what was said, by the server or by the system.
        server: host and port that were tried.
    """

    key: str
    detail: str
    server: Proxy


async def async_check_registration(account: Account, tls: ssl.SSLContext | None = None) -> None:
    """Register and give the registration back; raises RegistrationFailedError once every proxy has failed.

    Of several proxies the first one's failure is told: the others are its stand-ins.
    """
    outcome: asyncio.Future[PhoneEvent] = asyncio.get_running_loop().create_future()
    losses: list[LineLost] = []

    def heard(event: PhoneEvent) -> None:
        if outcome.done():
            return
        match event:
            case Registered() | RegistrationRefused(redirect=None):
                outcome.set_result(event)
            case LineLost(cause=cause) if cause is not Cause.REDIRECTED:
                losses.append(event)
                if len(losses) == len(account.proxies):
                    outcome.set_result(losses[0])

    phone = Phone(account, MediaEngine(ClipWriter()), heard, tls)
    phone.start()
    event: PhoneEvent | None
    try:
        async with asyncio.timeout(PATIENCE):
            event = await outcome
    except TimeoutError:
        event = losses[0] if losses else None
    finally:
        await phone.stop()
    match event:
        case None:
            raise RegistrationFailedError("no_answer", "", account.proxy)
        case RegistrationRefused(status, reason):
            detail = f"{status} {reason}".strip()
            raise RegistrationFailedError(REFUSALS.get(status, REFUSED), detail, account.proxy)
        case LineLost(reason, _, cause, proxy):
            raise RegistrationFailedError(_lost(cause, proxy.host), reason, proxy)


def _lost(cause: Cause, host: str) -> str:
    if cause is Cause.TLS_CERTIFICATE and at_home(host):
        return CERTIFICATE_AT_HOME
    return LOSSES.get(cause, LOST)


def at_home(host: str) -> bool:
    """Return whether a host is in somebody's own network, as far as its name or address tells."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.lower().endswith(_HOME_DOMAINS)
