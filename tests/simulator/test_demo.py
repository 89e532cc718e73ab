"""What the demo concludes from what it sees."""

import io
from pathlib import Path
from random import Random
from typing import Any
import wave

import audioop
import pytest

from simulator.call import Call
from simulator.caller import Caller, Manner
from simulator.demo import ClipDiffersError, _described, check_clip, complaints
from simulator.dialect import Address, Dialect
from simulator.registrar import Account
from simulator.voice import SILENCE, Sent

SPEECH = bytes(range(1, 251)) * 16
FRAMES = [SILENCE] * 10 + [SPEECH[start : start + 160] for start in range(0, 4000, 160)] + [SILENCE] * 5


@pytest.fixture
def call() -> Call:
    """Return a call in which silence, a speech and silence again was sent."""
    caller = Caller(manner=Manner(speech=SPEECH))
    address = Address("127.0.0.1", 5060)
    call = Call(
        Account(),
        caller,
        Dialect(),
        "sip:phone@127.0.0.1:5060",
        signalling=address,
        media=address,
        random=Random(1),
        now=0.0,
    )
    call.voice.sent += [Sent(number, number * 160, payload) for number, payload in enumerate(FRAMES)]
    return call


def wav(ulaw: bytes, *, rate: int = 8000, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(audioop.ulaw2lin(ulaw, 2))
    return file.getvalue()


def changed(ulaw: bytes, at: int) -> bytes:
    return ulaw[:at] + bytes([ulaw[at] ^ 0x10]) + ulaw[at + 1 :]


def test_a_clip_of_everything_from_the_beep_on_is_exact(call: Call) -> None:
    clip = b"".join(FRAMES[4:])

    assert check_clip(wav(clip), call) == "5760 samples, 0.72 s, speech 0.50 s of it"


SENT = b"".join(FRAMES)


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (SENT[:-160], "not exactly the end"),
        (SENT[160:] + SILENCE, "not exactly the end"),
        (SENT[: len(SILENCE) * 12], "does not hold the speech"),
        (changed(SENT, 1600), "does not hold the speech"),
        (changed(SENT, 10), "not exactly the end"),
        (b"", "does not hold the speech"),
    ],
)
def test_a_clip_that_differs_is_found_out(call: Call, clip: bytes, reason: str) -> None:
    with pytest.raises(ClipDiffersError, match=reason):
        check_clip(wav(clip), call)


@pytest.mark.parametrize("form", [{"rate": 16000}, {"channels": 2}])
def test_a_clip_in_another_form_is_found_out(call: Call, form: dict[str, int]) -> None:
    with pytest.raises(ClipDiffersError, match="16-bit mono at 8 kHz"):
        check_clip(wav(SENT, **form), call)


def test_who_said_nothing_proves_nothing(call: Call) -> None:
    call.caller = Caller()

    with pytest.raises(ClipDiffersError, match="does not hold the speech"):
        check_clip(wav(SENT), call)


@pytest.mark.parametrize(
    ("kind", "changes", "text"),
    [
        ("incoming", {}, "incoming from Anna"),
        ("incoming", {"caller_name": None}, "incoming from +1555"),
        ("incoming", {"caller_name": None, "caller": None}, "incoming from somebody anonymous"),
        ("answered", {}, "answered"),
        ("missed", {"end_reason": "cancelled"}, "missed: cancelled"),
        ("ended", {"duration": 4.2, "end_reason": "remote_hangup"}, "ended after 4.2 s: remote_hangup"),
        (
            "recording_saved",
            {"duration": 3.1, "media_content_id": "media-source://x"},
            "recording_saved: 3.1 s, media-source://x",
        ),
    ],
)
def test_events_are_described_in_words(kind: str, changes: dict[str, Any], text: str) -> None:
    attributes = {
        "caller_name": "Anna",
        "caller": "+1555",
        "duration": None,
        "end_reason": None,
        "media_content_id": None,
    }

    assert _described(kind, attributes | changes) == text


def test_only_complaints_about_this_integration_count(tmp_path: Path) -> None:
    log = tmp_path / "home-assistant.log"
    blamed = [
        "2026-11-22 ERROR (MainThread) [custom_components.ringcentral] A message could not be filed",
        "2026-11-22 WARNING (MainThread) [asyncio] Executing <Task name='softphone line'> took 0.2 seconds",
        "2026-11-22 CRITICAL (MainThread) [homeassistant] RingCentral broke",
    ]
    others = [
        "2026-11-22 INFO (MainThread) [custom_components.ringcentral] The line is back",
        "2026-11-22 WARNING (MainThread) [homeassistant.components.http] Something else",
        "2026-11-22 WARNING (SyncWorker) We found a custom integration ringcentral which has not been tested by Home Assistant.",
    ]
    log.write_bytes("\n".join([others[0], *blamed, *others[1:]]).encode() + b"\n\xff\xfe")

    assert complaints(log) == blamed
