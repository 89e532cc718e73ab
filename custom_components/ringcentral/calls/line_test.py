"""Tries a line: asks the server whether it knows us, and calls a number to hear whether sound goes both ways."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Final

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from ..const import CONF_TEST_NUMBER, DOMAIN
from ..coordinator import RingCentralCoordinator
from ..models import LineTest
from ..softphone import (
    Call,
    CallChanged,
    CallEnded,
    CallState,
    DialError,
    EmergencyNumberError,
    EndReason,
    InvalidNumberError,
    LineLost,
    NoLineError,
    PhoneEvent,
    Registered,
    RegistrationRefused,
    TooManyCallsError,
    UnknownCallError,
)
from ..softphone.media import Codec, Ear, Heard, MediaError, MediaSession, RtpPacket, signal

# Seconds
ANSWER_TIMEOUT: Final = 12.0
RING_TIMEOUT: Final = 30.0
SHORTEST: Final = 6.0
# A service may announce itself before it sends anything back.
LONGEST: Final = 18.0
_LOOK: Final = 0.5

# Why there was no call, or what ended it before it could tell anything: translation keys.
_NOT_PLACED: Final = {
    InvalidNumberError: "invalid_number",
    EmergencyNumberError: "emergency_number",
    NoLineError: "line_not_registered",
    TooManyCallsError: "too_many_calls",
}
_NOT_ANSWERED: Final = {
    EndReason.BUSY: "number_busy",
    EndReason.DECLINED: "number_refused",
    EndReason.NO_ANSWER: "number_not_answered",
    EndReason.NO_CODEC: "no_common_codec",
    EndReason.REFUSED: "number_refused",
    EndReason.UNKNOWN_NUMBER: "number_unknown",
}


class _Listener:
    """What is heard of one call."""

    def __init__(self) -> None:
        self.ear = Ear()
        self._sequences: set[int] = set()
        self._newest: int | None = None

    def __call__(self, packet: RtpPacket, codec: Codec) -> None:
        """Take a packet."""
        newest = packet.sequence if self._newest is None else self._newest
        number = newest + ((packet.sequence - newest + 0x8000) & 0xFFFF) - 0x8000
        if number in self._sequences:
            return
        self._sequences.add(number)
        self._newest = max(newest, number)
        self.ear.listen(packet.payload, codec)

    @property
    def lost(self) -> int:
        """Packets between the first and the last that never came."""
        if not self._sequences:
            return 0
        return max(self._sequences) - min(self._sequences) + 1 - len(self._sequences)


async def async_test_line(coordinator: RingCentralCoordinator, number: str | None = None) -> LineTest:
    """Ask the server, and call a number where one is given; raises HomeAssistantError for what keeps us from telling."""
    if coordinator.testing:
        raise _failed("test_running")
    coordinator.testing = True
    events: asyncio.Queue[PhoneEvent] = asyncio.Queue()
    stop_listening = coordinator.async_listen_to_phone(events.put_nowait)
    try:
        round_trip = await _async_ask(coordinator, events)
        found = LineTest(dt_util.utcnow(), round_trip)
        if number is not None:
            found = await _async_call(coordinator, number, events, found)
    finally:
        stop_listening()
        coordinator.testing = False
    coordinator.async_note_test(found)
    return found


async def _async_ask(coordinator: RingCentralCoordinator, events: asyncio.Queue[PhoneEvent]) -> float:
    """Have the server confirm the registration; return how long that took, in ms."""
    if not coordinator.phone.registered:
        raise _failed("line_not_registered")
    coordinator.phone.check()
    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_TIMEOUT):
            while True:
                match await events.get():
                    case Registered(round_trip_ms=round_trip):
                        return round_trip
                    case RegistrationRefused() | LineLost():
                        break
    raise _failed("line_not_registered")


async def _async_call(
    coordinator: RingCentralCoordinator, number: str, events: asyncio.Queue[PhoneEvent], found: LineTest
) -> LineTest:
    try:
        # What was chosen for tests may be called, whatever automations may call.
        if number != coordinator.config_entry.options.get(CONF_TEST_NUMBER):
            coordinator.limits.admit(number)
        call_id, session = coordinator.phone.dial(number, ring_for=RING_TIMEOUT)
    except DialError as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key=_NOT_PLACED[type(error)]
        ) from error
    except MediaError as error:
        raise _failed("no_free_port") from error
    coordinator.limits.count()
    coordinator.unannounced.add(call_id)
    try:
        ended = await _async_answered(call_id, events)
        if ended is not None:
            raise _failed(_NOT_ANSWERED.get(ended.reason, "call_failed"))
        listener = session.on_audio = _Listener()
        await _async_talk(call_id, session, listener.ear, events)
    finally:
        with suppress(UnknownCallError):
            coordinator.phone.hang_up(call_id)
    end = await _async_end(call_id, events)
    return replace(
        found,
        audio=listener.ear.heard,
        packets_sent=end.media.sent if end.media else 0,
        packets_received=end.media.received if end.media else 0,
        packets_lost=listener.lost,
        end_reason=end.reason,
    )


async def _async_answered(call_id: str, events: asyncio.Queue[PhoneEvent]) -> CallEnded | None:
    """Wait until the call is answered; return how it ended if it wasn't."""
    while True:
        match await events.get():
            case CallChanged(Call(call_id=other, state=CallState.TALKING)) if other == call_id:
                return None
            case CallEnded(Call(call_id=other)) as ended if other == call_id:
                return ended


async def _async_talk(
    call_id: str, session: MediaSession, ear: Ear, events: asyncio.Queue[PhoneEvent]
) -> None:
    """Play the signal until enough was heard, or the call is over; its end is left in the queue."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    session.play(signal(LONGEST))
    kept: list[PhoneEvent] = []
    while not _is_enough(ear.heard, loop.time() - begun):
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                kept.append(await events.get())
        if any(isinstance(event, CallEnded) and event.call.call_id == call_id for event in kept):
            break
    for event in kept:
        events.put_nowait(event)


def _is_enough(heard: Heard, seconds: float) -> bool:
    if heard is Heard.BOTH_WAYS:
        return seconds >= SHORTEST
    # What sends a steady tone, or nothing at all, will not change its mind.
    return seconds >= (LONGEST if heard is Heard.OTHER else SHORTEST)


async def _async_end(call_id: str, events: asyncio.Queue[PhoneEvent]) -> CallEnded:
    while True:
        match await events.get():
            case CallEnded(Call(call_id=other)) as ended if other == call_id:
                return ended


@callback
def _failed(key: str) -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key)
