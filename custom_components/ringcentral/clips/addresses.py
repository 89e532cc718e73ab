"""Where a clip is found over HTTP, as what, and what it is called when it is saved."""

from datetime import timedelta
from typing import Final
from urllib.parse import quote

from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_player.const import CONTENT_AUTH_EXPIRY_TIME
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util, slugify

from ..const import DOMAIN
from ..library import Clip, Direction

AUDIO_TYPES: Final = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
}
"""What the sound of a clip is, by the suffix of its file. Said everywhere: the type Python guesses for .wav is one
that browsers won't play."""

CLIP_MIME_TYPE: Final = AUDIO_TYPES[".wav"]
"""What folders of clips are said to hold."""

SOUND_URL: Final = (
    f"/api/{DOMAIN}/clip/{{clip_id}}.{{ending:{'|'.join(ending[1:] for ending in AUDIO_TYPES)}}}"
)

AHEAD_QUERY: Final = "ahead"
"""In an address by which somebody fetches a clip before anybody listens, as telephones do with a notification's."""

PICTURE_URL: Final = f"/api/{DOMAIN}/clip/{{clip_id}}.svg"

# What no file system or shell likes in a name.
_HOSTILE: Final = str.maketrans(dict.fromkeys('\\/:*?"<>|', " "))
_LONGEST_NAME: Final = 60


def mime_type(clip: Clip) -> str:
    """Return what the sound of a clip is."""
    return AUDIO_TYPES[clip.path.suffix]


def sound_path(clip: Clip) -> str:
    """Return the path a clip is heard at; it ends as its file does, because some speakers look at nothing else."""
    return f"/api/{DOMAIN}/clip/{clip.id}{clip.path.suffix}"


@callback
def signed_picture_path(hass: HomeAssistant, clip: Clip) -> str:
    """Return the path of a clip's picture, for those who browse now.

    Home Assistant's list of media signs in to fetch it, but its player only shows it.
    """
    path = PICTURE_URL.format(clip_id=clip.id)
    return async_sign_path(hass, path, timedelta(seconds=CONTENT_AUTH_EXPIRY_TIME))


def other_party(clip: Clip) -> str | None:
    """Return who was at the other end, as well as that is known; None for somebody anonymous or not known."""
    if clip.direction is Direction.OUTGOING:
        return clip.contact or clip.called
    return clip.contact or clip.caller_name or clip.caller


def disposition(clip: Clip) -> str:
    """Return the name to save a clip by, its local start and the other party, as RFC 6266 wants it.

    Plain letters first, for those who read no others.
    """
    start, party = dt_util.as_local(clip.started_at), (other_party(clip) or "")[:_LONGEST_NAME]
    plain = f"{start:%Y-%m-%d_%H-%M-%S}_{slugify(party)}" if party else f"{start:%Y-%m-%d_%H-%M-%S}"
    words = "".join(letter for letter in party.translate(_HOSTILE) if letter.isprintable())
    name = " ".join(f"{start:%Y-%m-%d %H.%M} {words}".split()).rstrip(". ")
    suffix = clip.path.suffix
    return f"inline; filename=\"{plain}{suffix}\"; filename*=UTF-8''{quote(name + suffix, safe='')}"
