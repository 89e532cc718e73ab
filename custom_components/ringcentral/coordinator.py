"""One line: its phone, what the entities see of it, and what is kept of its calls."""

import asyncio
from collections.abc import Callable, Coroutine
import contextlib
from dataclasses import replace
from datetime import datetime
import ssl
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .account.browser_session import async_keep_signed_in
from .account.provisioning import Provisioning
from .account.rest import async_client_of
from .account.sources import Source, account_of
from .calls.answering_machine import AnsweringMachine
from .calls.call_desk import CallDesk
from .calls.call_limits import CallLimits
from .calls.call_sound import noted
from .calls.office_hours import in_force
from .calls.prompts import Prompts
from .calls.reception import Reception
from .clips.recording import Recordings
from .const import CONF_SOURCE, LOGGER, Treatment
from .filing import Filing
from .health import CallSound, LineHealth, LineHistory, StatusChange, after, renewed, signed_out
from .issues import Issue, LineIssues
from .library import CallRecord, Direction as RecordedDirection, LibraryError
from .line_options import LineOptions
from .models import BLOCKED, CallEvent, CallEventType, LastCall, LineSnapshot, LineTest
from .people.address_book import AddressBook
from .people.caller_blocking import CallerBlocking
from .people.callers import UNANSWERED, Callers
from .people.contact_list import ContactList
from .resources import Resources, async_release
from .softphone import (
    Account,
    Call,
    CallChanged,
    CallEnded,
    Direction,
    KeyPressed,
    LineLost,
    Phone,
    PhoneEvent,
    Registered,
    Trace,
)

type RingCentralConfigEntry = ConfigEntry[RingCentralCoordinator]

_UNANSWERED_ENDS: Final = frozenset({CallEventType.MISSED, CallEventType.DECLINED})


class RingCentralCoordinator(DataUpdateCoordinator[LineSnapshot]):
    """Keeps one line registered and turns what happens on it into snapshots and call events.

    Nothing is polled: the phone pushes. The line coming and going is data, not availability, so that call entities
    stay available while it reconnects.
    """

    config_entry: RingCentralConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: RingCentralConfigEntry,
        resources: Resources,
        tls: ssl.SSLContext,
    ) -> None:
        """Prepare the line of a configuration entry; `tls` decides whom it believes."""
        super().__init__(hass, LOGGER, config_entry=entry, name=entry.title, always_update=False)
        self.history = LineHistory(Trace(dt_util.utcnow))
        self.library = resources.library
        self._tls = tls
        self._issues = LineIssues(hass, entry)
        self._call_listeners: list[Callable[[CallEvent], None]] = []
        self._refresh_listeners: list[CALLBACK_TYPE] = []
        self._phone_listeners: list[Callable[[PhoneEvent], None]] = []
        self.testing = False
        self.unannounced: set[str] = set()
        """Calls of ours that are no business of automations."""
        self.callers = Callers()
        self.limits = CallLimits(self.callers, lambda: self.choices, hass.loop.time)
        self.desk = CallDesk(self._noticed)
        self.voice, self.prompts = resources.voice, Prompts(resources.voice)
        self.client = async_client_of(hass, entry)
        self.address_book = AddressBook(hass, entry, self.client)
        self.contacts = ContactList(hass, entry, self.callers, self.address_book)
        self.blocking = CallerBlocking(hass, entry, self.client, self.callers, self._issues)
        self._calls: dict[str, Call] = {}
        self._answered_at: dict[str, datetime] = {}
        self._lost = False
        self._stopped = False
        self._filing = Filing(hass, entry)
        account = account_of(entry.data, entry.entry_id)
        self.data = LineSnapshot(LineHealth(since=dt_util.utcnow()), str(account.proxy))
        trace, known = self.history.trace, self.callers.is_emergency
        self._phone = Phone(account, resources.media, self._phone_event, tls, trace, emergency_numbers=known)
        self.recordings = Recordings(entry.entry_id, self.library, self._tell, resources.storage)
        self.sounds = resources.sounds
        self.reception = Reception(
            phone=self._phone,
            desk=self.desk,
            machine=AnsweringMachine(
                phone=self._phone,
                recordings=self.recordings,
                sounds=resources.sounds,
                voice=resources.voice,
                on_message=self._tell,
            ),
            choices=lambda: in_force(hass, self.choices),
            work=self.async_work,
        )
        self._provisioning = Provisioning(
            hass,
            entry,
            self.client,
            account,
            registered=lambda: self.data.registered,
            confirmed=self._confirmed,
            renewed=self._renewed,
            failed=self._issues.provisioning_failed,
            signed_out=self._signed_out,
            outcomes=self.history.provisionings,
        )

    @override
    async def _async_setup(self) -> None:
        """Remember the last call, what was missed, and the last recording; and who is who."""
        await self.address_book.async_load()
        await self.blocking.async_load()
        await self.contacts.async_load()
        await self._look_up_again()

    @callback
    def async_start(self) -> None:
        """Start the phone."""
        self.contacts.async_follow()
        self.blocking.async_follow(self.contacts)
        self._phone.start()
        self._provisioning.async_start()
        if self.client is not None and self.config_entry.data[CONF_SOURCE] == Source.BROWSER:
            async_keep_signed_in(self.hass, self.config_entry, self.client)

    async def async_stop(self) -> None:
        """Hang up, file what was being recorded, give the registration and the resources back."""
        if self._stopped:
            return
        self._stopped = True
        try:
            await self._provisioning.async_stop()
            await self._phone.stop()
            await self._filing.settle()
        finally:
            self._issues.clear(*Issue)
            await async_release(self.hass)

    @callback
    def async_listen_to_calls(self, listener: Callable[[CallEvent], None]) -> CALLBACK_TYPE:
        """Call the listener with every call event; returns what ends that."""
        self._call_listeners.append(listener)
        return lambda: self._call_listeners.remove(listener)

    @callback
    def async_listen_to_refreshes(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when a refresh changes nothing but its own figures; returns what ends that.

        That alone is no update: it comes every minute or so and concerns two entities.
        """
        self._refresh_listeners.append(listener)
        return lambda: self._refresh_listeners.remove(listener)

    @callback
    def async_listen_to_phone(self, listener: Callable[[PhoneEvent], None]) -> CALLBACK_TYPE:
        """Call the listener with everything the phone tells; returns what ends that."""
        self._phone_listeners.append(listener)
        return lambda: self._phone_listeners.remove(listener)

    @property
    def phone(self) -> Phone:
        """The line's phone, as long as its account stays the same."""
        return self._phone

    @callback
    def async_work[T](self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Do something in the background that a stop of the line leaves some time for."""
        return self._filing.work(work, name)

    @callback
    def async_look_up(self) -> None:
        """Show what has been filed by now."""
        self._filing.look_up(self._look_up_again)

    @callback
    def async_note_test(self, found: LineTest) -> None:
        """Show what a test of the line found."""
        self._update(last_test=found)

    @property
    def choices(self) -> LineOptions:
        """What was chosen for the line."""
        return LineOptions.of(self.config_entry.options)

    @callback
    def async_choose(self, option: str, value: str | float) -> None:
        """Choose something for the line, from the next call on; its entry's options keep it."""
        options = {**self.config_entry.options, option: value}
        self.hass.config_entries.async_update_entry(self.config_entry, options=options)

    @override
    async def _async_update_data(self) -> LineSnapshot:
        """Return what is known: the phone pushes, there is nothing to ask."""
        return self.data

    # What the phone tells

    @callback
    def _phone_event(self, event: PhoneEvent) -> None:
        self._fare(after(self.data.health, event, dt_util.utcnow()))
        self._issues.follow(event)
        self._provisioning.follow(event)
        self.desk.follow(event)
        match event:
            case CallChanged(call):
                self._call_changed(call)
            case CallEnded():
                self._call_ended(event)
            case KeyPressed(call_id, key) if call_id in self._calls:
                self._key_pressed(call_id, key)
            case Registered():
                self._line_found(event)
            case LineLost(reason):
                self._line_lost(reason)
        for listener in list(self._phone_listeners):
            listener(event)

    def _call_changed(self, call: Call) -> None:
        # The phone may know of more than has been told yet: what comes in one segment is told in turn.
        before = self._calls.get(call.call_id)
        if before is None:
            caller = self.callers.meet(call, self.config_entry.options, dt_util.utcnow())
            if call.direction is Direction.INCOMING:
                self.reception.expect(call, caller)
            call = self._show(call)
            self._begin(call)
            if call.direction is Direction.INCOMING:
                if caller.treatment is Treatment.RING and not self.reception.hushes(call):
                    self._tell(CallEvent(CallEventType.INCOMING, call))
                self.reception.receive(call, caller)
            else:
                self._tell(CallEvent(CallEventType.OUTGOING, call))
            return
        call = self._show(call)
        if before.state in UNANSWERED and call.state not in UNANSWERED:
            now = self._answered_at[call.call_id] = dt_util.utcnow()
            self._filing.keep(self.library.answer_call(call.call_id, now))
            self._tell(CallEvent(CallEventType.ANSWERED, call))

    def _call_ended(self, event: CallEnded) -> None:
        call, now = event.call, dt_util.utcnow()
        if event.media is not None:
            self.history.sounds.append(CallSound(call.call_id, now, event.media))
        if self._calls.pop(call.call_id, None) is None:
            # Turned away before it could ring; it was a call all the same.
            self.callers.meet(call, self.config_entry.options, now)
            self._begin(self.callers.named(call))
        call = self.callers.named(call)
        answered_at = self._answered_at.pop(call.call_id, None)
        outcome, reason = CallEventType(self.reception.outcome(event)), str(event.reason)
        self._show_calls()
        if self.callers.of(call.call_id).kept_away and outcome in _UNANSWERED_ENDS:
            outcome, reason = CallEventType.BLOCKED, BLOCKED
        self.callers.ended(call, now, unanswered=outcome in _UNANSWERED_ENDS)
        media = noted(event.media)
        self._filing.keep(self.library.end_call(call.call_id, now, outcome, reason, media=media))
        self.async_look_up()
        duration = (now - answered_at).total_seconds() if answered_at else 0.0
        self._tell(CallEvent(outcome, call, duration=duration, end_reason=reason))
        self.unannounced.discard(call.call_id)

    def _key_pressed(self, call_id: str, key: str) -> None:
        self.reception.machine.key_pressed(call_id, key)
        live = self.desk.calls.get(call_id)
        # Digits that are collected may be a PIN.
        if live is None or not live.listened_to:
            self._tell(CallEvent(CallEventType.DTMF, self._calls[call_id], digit=key))

    def _show(self, call: Call) -> Call:
        """Show a call as it stands now, and return it with the name its caller goes by here."""
        named = self._calls[call.call_id] = self.callers.named(call)
        self._show_calls()
        return named

    def _show_calls(self) -> None:
        shown = tuple(call for call in self._calls.values() if self._shown(call))
        self._update(calls=shown, callers={call.call_id: self.callers.of(call.call_id) for call in shown})

    def _shown(self, call: Call) -> bool:
        return self.callers.shows(call) and not self.reception.hushes(call)

    def _noticed(self, call: Call) -> bool:
        """Whether a call is any business of the people here, and of their automations."""
        return self._shown(call) and call.call_id not in self.unannounced

    def _begin(self, call: Call) -> None:
        now, contact = dt_util.utcnow(), self.callers.of(call.call_id).contact
        record = CallRecord(
            id=call.call_id,
            line_id=self.config_entry.entry_id,
            direction=RecordedDirection(call.direction),
            started_at=now,
            caller=call.caller.number,
            caller_name=call.caller.name,
            called=call.called.number,
            contact=contact.name if contact is not None else None,
            remote_id=call.session,
        )
        self._filing.keep(self.library.begin_call(record))
        if call.direction is Direction.INCOMING and not self.callers.of(call.call_id).kept_away:
            self._update(last_call=LastCall(call.call_id, call.caller, now))

    # The line itself

    def _fare(self, health: LineHealth) -> None:
        before = self.data.health
        if (health.status, health.cause) != (before.status, before.cause):
            self.history.changes.append(StatusChange(dt_util.utcnow(), health.status, health.cause))
        moved = replace(health, expires=before.expires, round_trip=before.round_trip)
        if None in {before.expires, health.expires} or moved != before:
            self._update(health=health)
        elif health != before:
            self.data = replace(self.data, health=health)
            for listener in list(self._refresh_listeners):
                listener()

    def _line_found(self, registered: Registered) -> None:
        if registered.proxy is not None:
            self._update(proxy=str(registered.proxy))
        if self._lost:
            LOGGER.info("The line %s is back", self.name)
        self._lost = False

    def _line_lost(self, reason: str) -> None:
        if not self._lost:
            LOGGER.info("The line %s is lost and will be back by itself: %s", self.name, reason)
        self._lost = True

    def _confirmed(self) -> None:
        """Try the credentials there are once more, where they were refused."""
        self._issues.provisioned()
        self._phone.try_again()

    def _renewed(self, account: Account) -> None:
        """Change over to new credentials, with the calls there are."""
        self._issues.provisioned()
        if not self.data.registered:
            self._fare(renewed(self.data.health, dt_util.utcnow()))
        self._phone.change_account(account, self._tls)

    def _signed_out(self) -> None:
        self._fare(signed_out(self.data.health, dt_util.utcnow()))

    # Inside

    def _tell(self, event: CallEvent) -> None:
        if event.type is CallEventType.RECORDING_SAVED:
            self.async_look_up()
        if event.call.call_id in self.unannounced:
            return
        event = replace(event, caller=self.callers.known(event.call))
        for listener in list(self._call_listeners):
            listener(event)

    async def _look_up_again(self) -> None:
        # That nothing can be read is told where that is found out.
        with contextlib.suppress(LibraryError):
            await self._look_up()

    async def _look_up(self) -> None:
        line = self.config_entry.entry_id
        missed = await self.library.missed(line, self.choices.seen)
        clip, last = await self.library.last_clip(line), self.data.last_call
        if last is None:
            last = LastCall.of(await self.library.last_call(line, without=BLOCKED))
        self._update(missed=missed, last_clip=clip, last_call=self.data.last_call or last)

    def _update(self, **changes: Any) -> None:
        if (data := replace(self.data, **changes)) != self.data:
            self.async_set_updated_data(data)
