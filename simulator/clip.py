"""Whether a clip is what was said."""

import io
import wave

import audioop

from .call import Call


class ClipDiffersError(Exception):
    """The clip is not what was said."""


def check_clip(wav: bytes, call: Call) -> str:
    """Compare a clip, sample for sample, with what the caller sent; return what was found.

    Raises:
        ClipDiffersError: it isn't exactly what was said from the beep on.
    """
    with wave.open(io.BytesIO(wav)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, 8000):
            raise ClipDiffersError("The clip is not 16-bit mono at 8 kHz")
        clip = file.readframes(file.getnframes())
    sent = audioop.ulaw2lin(b"".join(packet.payload for packet in call.voice.sent), 2)
    speech = audioop.ulaw2lin(call.caller.manner.speech, 2)
    if not speech or speech not in clip:
        raise ClipDiffersError("The clip does not hold the speech exactly")
    if not sent.endswith(clip):
        raise ClipDiffersError("The clip is not exactly the end of what was sent")
    return f"{len(clip) // 2} samples, {len(clip) / 16000:.2f} s, speech {len(speech) / 16000:.2f} s of it"
