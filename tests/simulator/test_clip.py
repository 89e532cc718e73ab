"""Whether a clip is what was said."""

import io
from random import Random
import wave

import audioop
import pytest

from simulator.call import Call
from simulator.caller import Caller, Manner
from simulator.clip import ClipDiffersError, check_clip
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


def both(heard: bytes, said: bytes) -> bytes:
    """Return a clip of both sides, 30 ms of silence before what was heard."""
    left, right = bytes(480) + audioop.ulaw2lin(heard, 2), audioop.ulaw2lin(said, 2)
    longest = max(len(left), len(right))
    first = audioop.tostereo(left.ljust(longest, b"\0"), 2, 1, 0)
    second = audioop.tostereo(right.ljust(longest, b"\0"), 2, 0, 1)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(audioop.add(first, second, 2))
    return file.getvalue()


def test_of_both_sides_the_left_one_is_the_callers(call: Call) -> None:
    said = bytes(range(250, 0, -1)) * 40

    assert check_clip(both(SENT, said), call).endswith("speech 0.50 s of it")
    for heard in (said, changed(SENT, 1700), SENT[:-1000], SENT + said):
        with pytest.raises(ClipDiffersError):
            check_clip(both(heard, SENT), call)


@pytest.mark.parametrize("form", [{"rate": 16000}, {"channels": 3}])
def test_a_clip_in_another_form_is_found_out(call: Call, form: dict[str, int]) -> None:
    with pytest.raises(ClipDiffersError, match="16-bit mono or stereo at 8 kHz"):
        check_clip(wav(SENT, **form), call)


def test_who_said_nothing_proves_nothing(call: Call) -> None:
    call.caller = Caller()

    with pytest.raises(ClipDiffersError, match="does not hold the speech"):
        check_clip(wav(SENT), call)
