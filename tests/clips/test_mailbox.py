"""Messages of RingCentral's voicemail become recordings, and are heard on both sides once they are on one."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
import json
import logging
import subprocess
from typing import Any
from unittest.mock import patch
import wave

from aiohttp import web
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.account.rounds import AGAIN_AFTER, JITTER, NEXT_AFTER
from custom_components.ringcentral.clips.mailbox import AT_ONCE, EVERY, FIRST, Side, carried
from custom_components.ringcentral.library import CallRecord, Clip, ClipKind, ClipQuery, Consent, Folder
from simulator.caller import Caller, Manner, Step
from simulator.rest import Endpoint, Trouble
from simulator.ringcentral import RingCentral
from tests.browser import Browser
from tests.line import ANNA, LISTENER, Line, add_line, set_up_line, until
from tests.peers.programs import need
from tests.people.test_address_book import pass_time
from tests.people.test_caller_blocking import forget_penalty, logged
from tests.people.test_contact_list import add
from tests.speaker import tone

SOUND = tone(440.0, 0.5)
ALLOWED = {"ReadMessages", "EditMessages"}


@pytest.fixture
async def cloud(hass: HomeAssistant, cloud: RingCentral) -> RingCentral:
    """Return a RingCentral whose app may read and change messages."""
    assert await async_setup_component(hass, "ffmpeg", {"ffmpeg": {"ffmpeg_bin": str(need("ffmpeg"))}})
    cloud.rest.account.permissions |= ALLOWED
    return cloud


@pytest.fixture
async def mailbox(hass: HomeAssistant, cloud: RingCentral) -> Line:
    """Return a line that has looked into its empty mailbox."""
    line = await set_up_line(hass, cloud, voicemail=True)
    await go_round(line, FIRST)
    assert looks(line) == 1
    return line


async def go_round(line: Line, seconds: float = EVERY) -> None:
    """Let as much time go by as it takes until the mailbox is looked into again."""
    await pass_time(line, seconds * (1 + JITTER) + 1)


def leave(line: Line, at: datetime | None = None, **fields: Any) -> str:
    """Leave a message with RingCentral's voicemail."""
    settings = {"number": ANNA.number, "name": ANNA.name, "media_type": "audio/x-wav"} | fields
    return line.cloud.rest.mailbox.leave(SOUND, at=at or dt_util.utcnow(), **settings)


def looks(line: Line) -> int:
    return len(line.cloud.rest.asked(Endpoint.MESSAGES))


def marked(line: Line) -> int:
    return len([request for request in line.cloud.rest.asked(Endpoint.MESSAGE) if request.method == "PUT"])


async def clips(line: Line, query: ClipQuery | None = None) -> tuple[Clip, ...]:
    page = await line.library.browse([line.entry.entry_id], query or ClipQuery())
    return page.items


async def calls(line: Line) -> list[CallRecord]:
    return await line.library.calls(line.entry.entry_id)


def issue(line: Line) -> Mapping[str, str] | None:
    found = ir.async_get(line.hass).async_get_issue(
        "ringcentral", f"voicemail_not_allowed_{line.entry.entry_id}"
    )
    return found.translation_placeholders if found else None


def choose(line: Line, on: bool) -> None:
    options = {**line.entry.options, "voicemail": on}
    line.hass.config_entries.async_update_entry(line.entry, options=options)


def ours(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [
        record.levelno
        for record in caplog.records
        if record.name.startswith("custom_components.ringcentral")
        and "Reading RingCentral's mailbox" in record.getMessage()
    ]


async def delete(line: Line, clip: str, **how: bool) -> None:
    await line.hass.services.async_call("ringcentral", "delete_clip", {"clip": clip, **how}, blocking=True)


# What comes


async def test_a_message_becomes_a_recording(mailbox: Line) -> None:
    left_at = dt_util.utcnow().replace(microsecond=0)
    message = leave(mailbox, left_at, words="Please call me back.\n")

    await go_round(mailbox)

    (clip,) = await clips(mailbox)
    assert (clip.kind, clip.consent, clip.remote_id, clip.started_at) == (
        ClipKind.VOICEMAIL,
        Consent.GREETED,
        message,
        left_at,
    )
    assert (clip.caller, clip.caller_name, clip.transcript, clip.language, clip.heard) == (
        ANNA.number,
        ANNA.name,
        "Please call me back.",
        None,
        False,
    )
    with wave.open(str(clip.path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() / 8000 == pytest.approx(0.5, abs=0.01) == clip.duration
    assert clip.peak is not None and clip.peak > 0.2
    assert mailbox.cloud.rest.mailbox.statuses() == ["Unread"]
    assert len(mailbox.cloud.rest.sessions) == 0


async def test_it_is_told_as_a_message_of_the_own_machine(mailbox: Line) -> None:
    leave(mailbox)

    await go_round(mailbox)

    assert mailbox.kinds == ["recording_saved", "voicemail"]
    (clip,), (call,) = await clips(mailbox), await calls(mailbox)
    for told in mailbox.events:
        assert (told["caller"], told["caller_name"], told["clip"], told["call_id"]) == (
            ANNA.number,
            ANNA.name,
            clip.id,
            call.id,
        )
        assert told["duration"] == 0.5 and told["media_content_id"].endswith(clip.id)
    assert (call.outcome, call.end_reason, call.answered_at) == ("missed", "voicemail", None)
    assert mailbox.state("sensor", "missed_calls").state == "1"


async def test_it_comes_once(mailbox: Line) -> None:
    leave(mailbox)
    await go_round(mailbox)
    await go_round(mailbox)
    assert mailbox.kinds == ["recording_saved", "voicemail"]
    await mailbox.reload()
    mailbox.events.clear()
    await go_round(mailbox, FIRST)

    assert looks(mailbox) == 4
    assert len(await clips(mailbox)) == 1 and mailbox.kinds == []
    assert len(mailbox.cloud.rest.asked(Endpoint.MESSAGE_CONTENT)) == 1


@pytest.mark.parametrize("push", ["message", "notify"])
async def test_it_comes_sooner_when_the_server_tells_of_it(mailbox: Line, push: str) -> None:
    leave(mailbox)
    account = mailbox.cloud.sip.accounts[-1]
    events: list[Any] = []
    mailbox.entry.runtime_data.async_listen_to_phone(events.append)

    for _ in range(3):
        if push == "message":
            mailbox.cloud.sip.message(account)
        else:
            mailbox.cloud.sip.notify(account, "message-summary")
    await until(lambda: len(events) == 3)
    await pass_time(mailbox, NEXT_AFTER + 1)

    assert mailbox.of("voicemail") and looks(mailbox) == 2


async def test_other_news_of_the_server_change_nothing(mailbox: Line) -> None:
    leave(mailbox)
    mailbox.cloud.sip.message(mailbox.cloud.sip.accounts[-1], 9)
    await mailbox.call()
    await pass_time(mailbox, NEXT_AFTER + 1)

    assert looks(mailbox) == 1


async def test_a_contact_is_called_by_its_name(mailbox: Line) -> None:
    await add(mailbox, "Mum", ANNA.number)
    leave(mailbox)
    await go_round(mailbox)

    assert (mailbox.events[1]["caller_name"], mailbox.events[1]["is_contact"]) == ("Mum", True)
    (call,) = await calls(mailbox)
    assert (call.caller_name, call.contact) == ("Mum", "Mum")


async def test_a_blocked_contact_is_not_missed(mailbox: Line) -> None:
    await add(mailbox, "Spam", ANNA.number, blocked=True)
    leave(mailbox)
    await go_round(mailbox)

    (call,) = await calls(mailbox)
    assert (call.outcome, call.end_reason) == ("blocked", "blocked")
    assert mailbox.state("sensor", "missed_calls").state == "0"


async def test_who_does_not_say_who_it_is_is_anonymous(mailbox: Line) -> None:
    leave(mailbox, number=None, name="Anonymous")
    await go_round(mailbox)

    told = mailbox.events[1]
    assert (told["caller"], told["caller_name"], told["is_anonymous"]) == (None, None, True)


async def test_a_real_mp3_is_understood(mailbox: Line, tmp_path: Any) -> None:
    mp3 = await mailbox.hass.async_add_executor_job(_mp3, SOUND)
    mailbox.cloud.rest.mailbox.leave(mp3, number=ANNA.number)
    await go_round(mailbox)

    (clip,) = await clips(mailbox)
    assert clip.duration == pytest.approx(0.5, abs=0.15)


def _mp3(wav: bytes) -> bytes:
    return subprocess.run(
        [str(need("ffmpeg")), "-v", "error", "-i", "pipe:0", "-f", "mp3", "pipe:1"],
        input=wav,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout


# Which call it was left after


async def test_a_call_that_rang_here_has_its_message(mailbox: Line) -> None:
    call = await mailbox.call(Caller(number=ANNA.number, name="ANNA SMITH", manner=Manner(stay=True)))
    mailbox.cloud.sip.do(call, Step.CANCEL)
    await mailbox.told("missed")
    leave(mailbox, number="(650) 555-0142", name="WIRELESS CALLER")

    await go_round(mailbox)

    (record,) = await calls(mailbox)
    (clip,) = await clips(mailbox)
    assert clip.call_id == record.id == mailbox.of("incoming")[0]["call_id"]
    assert mailbox.of("voicemail")[0]["caller_name"] == "ANNA SMITH"
    assert mailbox.state("sensor", "missed_calls").state == "1"


async def test_a_call_has_one_message(mailbox: Line) -> None:
    call = await mailbox.call()
    mailbox.cloud.sip.do(call, Step.CANCEL)
    await mailbox.told("missed")
    leave(mailbox)
    leave(mailbox)

    await go_round(mailbox)

    assert len({clip.call_id for clip in await clips(mailbox)}) == 2 == len(await calls(mailbox))


async def test_a_call_that_seemed_to_be_answered_elsewhere_was_missed(mailbox: Line) -> None:
    call = await mailbox.call()
    mailbox.cloud.sip.do(call, Step.ANSWERED_ELSEWHERE)
    await mailbox.told("ended")
    assert mailbox.state("sensor", "missed_calls").state == "0"
    leave(mailbox)

    await go_round(mailbox)

    (record,) = await calls(mailbox)
    assert (record.outcome, record.end_reason) == ("missed", "voicemail")
    await until(lambda: mailbox.state("sensor", "missed_calls").state == "1")


# What was there before


async def test_what_was_there_before_comes_without_a_word(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, voicemail=True)
    yesterday = dt_util.utcnow() - timedelta(days=1)
    leave(line, yesterday)
    line.cloud.rest.mailbox.read(leave(line, yesterday - timedelta(hours=1)))

    await go_round(line, FIRST)

    assert sorted(clip.heard for clip in await clips(line)) == [False, True]
    assert line.kinds == []
    assert line.state("sensor", "missed_calls").state == "0"
    assert {(call.outcome, call.end_reason) for call in await calls(line)} == {("ended", "voicemail")}
    assert line.entry.runtime_data.data.last_call is None


async def test_what_came_while_nobody_was_here_is_told(mailbox: Line) -> None:
    await mailbox.hass.config_entries.async_unload(mailbox.entry.entry_id)
    leave(mailbox, dt_util.utcnow() + timedelta(milliseconds=1))
    await mailbox.reload()
    await go_round(mailbox, FIRST)

    assert mailbox.kinds == ["recording_saved", "voicemail"]


async def test_what_somebody_has_heard_elsewhere_is_no_news(mailbox: Line) -> None:
    mailbox.cloud.rest.mailbox.read(leave(mailbox))
    await go_round(mailbox)

    (clip,) = await clips(mailbox)
    assert clip.heard and mailbox.kinds == []


async def test_news_go_before_what_was_there(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, voicemail=True)
    now = dt_util.utcnow()
    for hours in range(AT_ONCE + 3):
        leave(line, now - timedelta(hours=hours + 1))
    await go_round(line, FIRST)
    assert len(await clips(line)) == AT_ONCE
    leave(line)

    await pass_time(line, NEXT_AFTER * (1 + JITTER) + 1)

    assert len(line.of("voicemail")) == 1
    assert len(await clips(line)) == AT_ONCE + 4
    await pass_time(line, NEXT_AFTER * (1 + JITTER) + 1)
    assert looks(line) == 2


async def test_what_is_older_than_is_kept_stays_there(hass: HomeAssistant, cloud: RingCentral) -> None:
    line = await set_up_line(hass, cloud, voicemail=True, keep_days=3)
    leave(line, dt_util.utcnow() - timedelta(days=4))
    leave(line, dt_util.utcnow() - timedelta(days=2))
    await go_round(line, FIRST)

    assert len(await clips(line)) == 1


async def test_without_an_end_to_keeping_a_month_is_looked_at(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud, voicemail=True, keep_days=0)
    leave(line, dt_util.utcnow() - timedelta(days=31))
    leave(line, dt_util.utcnow() - timedelta(days=29))
    await go_round(line, FIRST)

    assert len(await clips(line)) == 1


# What was deleted


async def test_what_is_deleted_here_stays_there_and_does_not_come_back(mailbox: Line) -> None:
    leave(mailbox)
    await go_round(mailbox)
    (clip,) = await clips(mailbox)

    await delete(mailbox, clip.id)
    await go_round(mailbox)
    await mailbox.reload()
    await go_round(mailbox, FIRST)

    assert await clips(mailbox) == () and mailbox.cloud.rest.mailbox.statuses() == ["Unread"]


async def test_who_is_forgotten_does_not_come_back(mailbox: Line) -> None:
    leave(mailbox)
    await go_round(mailbox)
    await mailbox.hass.services.async_call(
        "ringcentral", "forget_number", {"number": ANNA.number}, blocking=True
    )
    await go_round(mailbox)

    assert await clips(mailbox) == () and await calls(mailbox) == []


async def test_it_is_deleted_there_if_that_is_asked_for(mailbox: Line) -> None:
    message, kept = leave(mailbox), leave(mailbox, number=LISTENER.number)
    await go_round(mailbox)
    clip = next(clip for clip in await clips(mailbox) if clip.remote_id == message)

    await delete(mailbox, clip.id, at_ringcentral=True)

    records = mailbox.cloud.rest.mailbox.records
    assert (records[message]["availability"], records[kept]["availability"]) == ("Deleted", "Alive")
    assert [clip.remote_id for clip in await clips(mailbox)] == [kept]
    assert len(mailbox.cloud.rest.sessions) == 0


async def test_what_never_was_there_is_deleted_here_alone(mailbox: Line) -> None:
    clip = await mailbox.library.begin_clip(mailbox.entry.entry_id, dt_util.utcnow())
    await mailbox.library.finish_clip(clip.id, 1.0)

    await delete(mailbox, clip.id, at_ringcentral=True)

    assert await clips(mailbox) == () and mailbox.cloud.rest.asked(Endpoint.MESSAGE) == []


@pytest.mark.parametrize(
    ("fault", "key"), [("CMN-401", "edit_messages_missing"), ("CMN-203", "not_deleted_at_ringcentral")]
)
async def test_what_can_not_be_deleted_there_stays_here(mailbox: Line, fault: str, key: str) -> None:
    leave(mailbox)
    await go_round(mailbox)
    (clip,) = await clips(mailbox)
    mailbox.cloud.rest.fail_next(Endpoint.MESSAGE, fault)

    with pytest.raises(HomeAssistantError) as raised:
        await delete(mailbox, clip.id, at_ringcentral=True)

    assert raised.value.translation_key == key
    assert len(await clips(mailbox)) == 1 and len(mailbox.cloud.rest.sessions) == 0


async def test_what_is_deleted_there_stays_here(mailbox: Line) -> None:
    message = leave(mailbox)
    await go_round(mailbox)
    mailbox.cloud.rest.mailbox.delete(message, {})
    await go_round(mailbox)

    assert len(await clips(mailbox)) == 1


# What was heard


async def test_what_is_heard_here_is_read_there(mailbox: Line) -> None:
    leave(mailbox)
    await go_round(mailbox)
    (clip,) = await clips(mailbox)

    await mailbox.library.mark_heard(clip.id)
    await go_round(mailbox)
    assert mailbox.cloud.rest.mailbox.statuses() == ["Read"]
    await mailbox.library.mark_heard(clip.id, on=False)
    await go_round(mailbox)
    assert mailbox.cloud.rest.mailbox.statuses() == ["Unread"]
    await go_round(mailbox)

    assert marked(mailbox) == 2


async def test_what_is_read_there_is_heard_here(mailbox: Line) -> None:
    message = leave(mailbox)
    await go_round(mailbox)

    mailbox.cloud.rest.mailbox.read(message)
    await go_round(mailbox)
    assert await clips(mailbox, ClipQuery(Folder.UNHEARD)) == ()
    mailbox.cloud.rest.mailbox.read(message, "Unread")
    await go_round(mailbox)

    assert len(await clips(mailbox, ClipQuery(Folder.UNHEARD))) == 1 and marked(mailbox) == 0


@pytest.mark.parametrize(
    ("agreed", "here", "there", "follow"),
    [
        (False, False, False, None),
        (False, True, True, None),
        (False, True, False, Side.HERE),
        (False, False, True, Side.THERE),
        (True, True, True, None),
        (True, False, False, None),
        (True, False, True, Side.HERE),
        (True, True, False, Side.THERE),
    ],
)
def test_whichever_side_has_another_mind_is_followed(
    agreed: bool, here: bool, there: bool, follow: Side | None
) -> None:
    assert carried(agreed, here=here, there=there) is follow


async def test_many_are_marked_in_several_rounds(mailbox: Line) -> None:
    for _ in range(AT_ONCE + 1):
        leave(mailbox)
    await go_round(mailbox)
    await pass_time(mailbox, NEXT_AFTER * (1 + JITTER) + 1)
    for clip in await clips(mailbox):
        await mailbox.library.mark_heard(clip.id)

    await go_round(mailbox)
    assert marked(mailbox) == AT_ONCE
    await pass_time(mailbox, NEXT_AFTER * (1 + JITTER) + 1)

    assert set(mailbox.cloud.rest.mailbox.statuses()) == {"Read"} and marked(mailbox) == AT_ONCE + 1


async def test_without_the_permission_to_mark_messages_still_come(mailbox: Line) -> None:
    mailbox.cloud.rest.account.permissions -= {"EditMessages"}
    leave(mailbox)
    await go_round(mailbox)
    (clip,) = await clips(mailbox)
    await mailbox.library.mark_heard(clip.id)
    await go_round(mailbox)
    leave(mailbox)
    await go_round(mailbox)

    assert issue(mailbox) == {"line": "Reception", "permission": "Edit Messages"}
    assert len(mailbox.of("voicemail")) == 2 and marked(mailbox) == 1

    mailbox.cloud.rest.account.permissions |= {"EditMessages"}
    later = mailbox.hass.loop.time() + AGAIN_AFTER + 1
    with patch.object(mailbox.hass.loop, "time", return_value=later):
        await go_round(mailbox)
    assert issue(mailbox) is None and "Read" in mailbox.cloud.rest.mailbox.statuses()


async def test_no_round_asks_for_more_than_it_may(mailbox: Line) -> None:
    """`tests/account/test_rounds.py` counts with these figures."""
    rest = mailbox.cloud.rest
    before = [leave(mailbox) for _ in range(AT_ONCE)]
    await go_round(mailbox)
    for clip in await clips(mailbox):
        await mailbox.library.mark_heard(clip.id)
    for message in before:
        rest.mailbox.write_down(message, "Call me.")
    for _ in range(AT_ONCE + 1):
        leave(mailbox, words="Call me.")
    rest.requests.clear()

    await go_round(mailbox)

    asked = Counter(request.endpoint for request in rest.requests)
    assert asked == {
        Endpoint.TOKEN: 1,
        Endpoint.REVOKE: 1,
        Endpoint.MESSAGES: 1,
        Endpoint.MESSAGE_CONTENT: 3 * AT_ONCE,
        Endpoint.MESSAGE: AT_ONCE,
    }
    assert all(clip.transcript for clip in await clips(mailbox))


# What was said


async def test_words_that_come_later_are_kept(mailbox: Line) -> None:
    message = leave(mailbox)
    mailbox.cloud.rest.mailbox.records[message]["vmTranscriptionStatus"] = "InProgress"
    await go_round(mailbox)
    assert (await clips(mailbox))[0].transcript is None

    mailbox.cloud.rest.mailbox.write_down(message, "Call me.")
    await go_round(mailbox)
    await go_round(mailbox)

    assert (await clips(mailbox))[0].transcript == "Call me."
    assert len(mailbox.cloud.rest.asked(Endpoint.MESSAGE_CONTENT)) == 2


async def test_words_of_our_own_stay(mailbox: Line) -> None:
    message = leave(mailbox)
    await go_round(mailbox)
    (clip,) = await clips(mailbox)
    await mailbox.library.set_transcript(clip.id, "Ring me.", "en")
    mailbox.cloud.rest.mailbox.write_down(message, "Bring tea.")
    await go_round(mailbox)

    assert (await clips(mailbox))[0].transcript == "Ring me."


async def test_words_that_can_not_be_had_are_left(mailbox: Line) -> None:
    message = leave(mailbox)
    await go_round(mailbox)
    mailbox.cloud.rest.mailbox.write_down(message, "Call me.")
    mailbox.cloud.rest.fail_next(Endpoint.MESSAGE_CONTENT, "CMN-102")
    await go_round(mailbox)

    assert (await clips(mailbox))[0].transcript is None


# When something is amiss


async def test_it_is_looked_into_only_where_that_was_chosen(line: Line) -> None:
    leave(line)
    await go_round(line)
    line.cloud.sip.message(line.cloud.sip.accounts[-1])
    await go_round(line)

    assert looks(line) == 0


async def test_it_can_be_switched_on_and_off(line: Line, cloud: RingCentral) -> None:
    leave(line)
    choose(line, True)
    await pass_time(line, 11)
    assert len(await clips(line)) == 1
    choose(line, False)
    await go_round(line)

    assert looks(line) == 1 and len(await clips(line)) == 1


async def test_a_missing_permission_is_told_and_comes_back(
    mailbox: Line, caplog: pytest.LogCaptureFixture
) -> None:
    leave(mailbox)
    mailbox.cloud.rest.account.permissions -= {"ReadMessages"}
    await go_round(mailbox)
    assert issue(mailbox) == {"line": "Reception", "permission": "Read Messages"}
    await go_round(mailbox)
    assert looks(mailbox) == 2

    mailbox.cloud.rest.account.permissions |= ALLOWED
    await go_round(mailbox, AGAIN_AFTER)

    assert issue(mailbox) is None and len(await clips(mailbox)) == 1
    assert ours(caplog) == [logging.WARNING, logging.INFO]


async def test_switching_it_off_takes_the_repair_away(mailbox: Line) -> None:
    mailbox.cloud.rest.account.permissions -= {"ReadMessages"}
    await go_round(mailbox)
    choose(mailbox, False)

    assert issue(mailbox) is None


async def test_a_limit_is_waited_out(mailbox: Line) -> None:
    leave(mailbox)
    mailbox.cloud.rest.fail_next(Endpoint.MESSAGES, "CMN-301")
    await go_round(mailbox)
    forget_penalty(mailbox)
    await go_round(mailbox)

    assert len(await clips(mailbox)) == 1 and looks(mailbox) == 3


async def test_who_is_signed_out_is_asked_once(mailbox: Line) -> None:
    mailbox.cloud.rest.account.jwt = "another"
    await go_round(mailbox)
    flows = mailbox.hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH]
    mailbox.hass.config_entries.flow.async_abort(flows[0]["flow_id"])
    before = looks(mailbox)

    await go_round(mailbox)
    await go_round(mailbox, AGAIN_AFTER)

    assert mailbox.hass.config_entries.flow.async_progress() == [] and looks(mailbox) == before
    assert mailbox.registered


async def test_a_message_that_can_not_be_had_keeps_no_other_away(
    mailbox: Line, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.cloud.rest.mailbox.leave(b"no sound at all", number=LISTENER.number)
    leave(mailbox)
    for _ in range(4):
        await go_round(mailbox)

    assert [clip.caller for clip in await clips(mailbox)] == [ANNA.number]
    assert len(mailbox.cloud.rest.asked(Endpoint.MESSAGE_CONTENT)) == 4
    assert logged(caplog).count("can't be fetched") == 1


async def test_without_ffmpeg_messages_wait(mailbox: Line) -> None:
    leave(mailbox)
    with patch("custom_components.ringcentral.calls.conversion.get_ffmpeg_manager") as manager:
        manager.return_value.binary = "/nowhere/ffmpeg"
        for _ in range(4):
            await go_round(mailbox, AGAIN_AFTER)
    assert await clips(mailbox) == () and await calls(mailbox) == []
    await go_round(mailbox, AGAIN_AFTER)

    assert len(mailbox.of("voicemail")) == 1


async def test_on_a_full_disk_messages_wait_and_come_once(mailbox: Line) -> None:
    leave(mailbox)
    with patch(
        "custom_components.ringcentral.clips.mailbox_message.WavFile.write", side_effect=OSError(28, "")
    ):
        await go_round(mailbox)
    assert await clips(mailbox) == () and mailbox.kinds == []

    await go_round(mailbox)

    assert mailbox.kinds == ["recording_saved", "voicemail"] and len(await calls(mailbox)) == 1


async def test_what_was_taken_before_it_could_be_noted_is_taken_once(
    mailbox: Line, hass_storage: dict[str, Any]
) -> None:
    message = leave(mailbox)
    await go_round(mailbox)
    await mailbox.hass.config_entries.async_unload(mailbox.entry.entry_id)
    hass_storage[key(mailbox)]["data"]["items"] = {}
    await mailbox.reload()
    mailbox.events.clear()
    await go_round(mailbox, FIRST)

    assert len(await clips(mailbox)) == 1 and mailbox.kinds == []
    assert list(hass_storage[key(mailbox)]["data"]["items"]) == [message]


def key(line: Line) -> str:
    return f"ringcentral.mailbox.{line.entry.entry_id}"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"since": "soon"},
        {"since": "2026-01-01T00:00:00", "until": "2026-01-01T00:00:00", "items": {}},
        {"since": "2026-01-01T00:00:00+00:00", "until": "2026-01-01T00:00:00+00:00", "items": {"1": 5}},
        {"since": "2026-01-01T00:00:00+00:00", "until": "2026-01-01T00:00:00+00:00", "items": 7},
        [],
    ],
)
async def test_after_a_spoiled_file_nothing_deleted_comes_back(
    mailbox: Line, hass_storage: dict[str, Any], data: Any
) -> None:
    leave(mailbox)
    await go_round(mailbox)
    await delete(mailbox, (await clips(mailbox))[0].id)
    await mailbox.hass.config_entries.async_unload(mailbox.entry.entry_id)
    hass_storage[key(mailbox)]["data"] = data
    await mailbox.reload()
    await go_round(mailbox, FIRST)
    assert await clips(mailbox) == ()

    leave(mailbox)
    await go_round(mailbox)
    assert len(await clips(mailbox)) == 1


async def test_a_list_that_makes_no_sense_brings_nothing_and_brings_nothing_back(mailbox: Line) -> None:
    leave(mailbox)
    await go_round(mailbox)
    await delete(mailbox, (await clips(mailbox))[0].id)
    leave(mailbox, number=LISTENER.number)
    mailbox.cloud.rest.fail_next(
        Endpoint.MESSAGES, lambda: web.json_response({"records": [7, {}, {"type": "VoiceMail"}]})
    )
    await go_round(mailbox)
    assert await clips(mailbox) == ()
    await go_round(mailbox)

    assert [clip.caller for clip in await clips(mailbox)] == [LISTENER.number]


async def test_not_everything_is_remembered_for_ever(mailbox: Line) -> None:
    gone = leave(mailbox)
    await go_round(mailbox)
    mailbox.cloud.rest.mailbox.delete(gone, {})
    left = leave(mailbox)
    with patch("custom_components.ringcentral.account.elsewhere.MOST_REMEMBERED", 1):
        await go_round(mailbox)
        await go_round(mailbox)

    known = mailbox.entry.runtime_data.history.elsewhere
    assert known == {"mailbox": 1} and mailbox.cloud.rest.mailbox.statuses() == ["Unread"] and left


async def test_nothing_is_left_of_a_line_that_is_removed(mailbox: Line, hass_storage: dict[str, Any]) -> None:
    leave(mailbox)
    await go_round(mailbox)
    assert key(mailbox) in hass_storage
    await mailbox.hass.config_entries.async_remove(mailbox.entry.entry_id)

    assert key(mailbox) not in hass_storage
    assert mailbox.cloud.rest.mailbox.statuses() == ["Unread"]


async def test_a_stop_in_the_midst_of_it_leaves_nothing_half_done(mailbox: Line) -> None:
    leave(mailbox)
    mailbox.cloud.rest.fail_next(Endpoint.MESSAGE_CONTENT, Trouble.HANG)
    async_fire_time_changed(mailbox.hass, dt_util.utcnow() + timedelta(seconds=EVERY * (1 + JITTER) + 1))
    await until(lambda: bool(mailbox.cloud.rest.asked(Endpoint.MESSAGE_CONTENT)))
    await mailbox.reload()
    assert await clips(mailbox) == ()
    await go_round(mailbox, FIRST)

    assert mailbox.kinds == ["recording_saved", "voicemail"]


async def test_who_signed_in_in_the_browser_has_it_too(browser: Browser) -> None:
    line = await browser.add_line()
    assert await async_setup_component(line.hass, "ffmpeg", {})
    line.cloud.rest.account.permissions |= ALLOWED
    leave(line)
    choose(line, True)
    await pass_time(line, 11)

    assert len(await clips(line)) == 1 and len(line.cloud.rest.sessions) == 1


async def test_a_line_nobody_is_signed_in_for_asks_for_nothing(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    signed_in = await add_line(hass, cloud, voicemail=True, call_log=True)
    line = Line(hass, cloud, signed_in)
    with patch("custom_components.ringcentral.coordinator.async_client_of", return_value=None):
        assert await hass.config_entries.async_setup(line.entry.entry_id)
    await until(lambda: line.registered)
    before = len(cloud.rest.requests)
    line.cloud.sip.message(line.cloud.sip.accounts[-1])
    await go_round(line)

    assert len(cloud.rest.requests) == before


async def test_nothing_of_it_is_shown_to_strangers(
    mailbox: Line, hass_client: ClientSessionGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    message = leave(mailbox, words="The key is under the mat.")
    leave(mailbox)
    await go_round(mailbox)

    shown: Any = await get_diagnostics_for_config_entry(mailbox.hass, hass_client, mailbox.entry)

    assert shown["line"]["elsewhere"] == {"mailbox": 2}
    for secret in ("under the mat", ANNA.number[2:], ANNA.name, message):
        assert secret not in json.dumps(shown) and secret not in logged(caplog)
