"""Whether a clip is what was said."""

import io
import wave

import audioop

from .call import Call


class ClipDiffersError(Exception):
    """The clip is not what was said."""


def check_clip(wav: bytes, call: Call) -> str:
    """Compare a clip, sample for sample, with what the caller sent; return what was found.

    Of a clip of both sides the left channel is the caller's; around what was said it is silent.

    Raises:
        ClipDiffersError: it isn't exactly what was said from the beep on.
    """
    with wave.open(io.BytesIO(wav)) as file:
        channels = file.getnchannels()
        if channels > 2 or (file.getsampwidth(), file.getframerate()) != (2, 8000):
            raise ClipDiffersError("The clip is not 16-bit mono or stereo at 8 kHz")
        clip = file.readframes(file.getnframes())
    sent = audioop.ulaw2lin(b"".join(packet.payload for packet in call.voice.sent), 2)
    if channels == 2:
        clip, sent = audioop.tomono(clip, 2, 1, 0).strip(b"\0"), sent.rstrip(b"\0")
    speech = audioop.ulaw2lin(call.caller.manner.speech, 2)
    if not speech or speech.strip(b"\0") not in clip:
        raise ClipDiffersError("The clip does not hold the speech exactly")
    if not sent.endswith(clip):
        raise ClipDiffersError("The clip is not exactly the end of what was sent")
    return f"{len(clip) // 2} samples, {len(clip) / 16000:.2f} s, speech {len(speech) / 16000:.2f} s of it"
