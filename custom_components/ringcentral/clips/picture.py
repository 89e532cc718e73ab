"""A clip's picture: who was at the other end, how it sounded, and whether somebody has yet to hear it."""

from html import escape
from typing import Final
from zlib import crc32

from ..library import Clip, Direction
from .addresses import other_party

COLOURS: Final = (
    "#2f6690", "#3d7a5f", "#7a5c8e", "#8e5a4a", "#4a6fa5", "#5f7a3d",
    "#9a4f6a", "#2e7d7a", "#6b6aa8", "#8a6a2f", "#47748a", "#80567a",
)  # fmt: skip
"""Calm, and dark enough for white letters; a caller has the same one every time."""
NOBODY: Final = "#5f6b76"
"""Of those who have no number."""

_SIDE: Final = 96
_BARS: Final = 25
_BASE: Final = 73.0
_HIGHEST: Final = 14.0
# What is all but silent is not to look like shouting.
_QUIETEST_PEAK: Final = 24
# A receiver: a bow, and what one listens at and speaks into.
_TELEPHONE: Final = (
    '<g transform="translate(29 12) scale(1.6)" fill="#fff"><path d="M6 6.5C7 12 12 17 17.5 18" fill="none" stroke="#fff"'
    ' stroke-width="3.4"/><circle cx="6" cy="5.5" r="3.6"/><circle cx="18.5" cy="18" r="3.6"/></g>'
)
# Thrown back, as telephones show a call that nobody took.
_MISSED: Final = '<path d="M8 9l6 6 9-9M8 15v-6h6" fill="none" stroke="#fff" stroke-width="3"/>'
_UNHEARD: Final = '<circle cx="84" cy="12" r="7.5" fill="#ffb300" stroke="#fff" stroke-width="2.5"/>'


def picture(clip: Clip, title: str) -> str:
    """Return the picture of a clip as SVG; `title` is what it says to those who can't see it.

    Nothing of a caller is in it but letters, escaped, and a colour.
    """
    number = clip.called if clip.direction is Direction.OUTGOING else clip.caller
    colour = NOBODY if number is None else COLOURS[crc32(number.encode(errors="replace")) % len(COLOURS)]
    words = escape("".join(letter for letter in title if letter.isprintable()))
    letters = initials(other_party(clip) or "")
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE} {_SIDE}" role="img" aria-label="{words}">',
            f'<title>{words}</title><rect width="{_SIDE}" height="{_SIDE}" rx="12" fill="{colour}"/>',
            _letters(letters) if letters else _TELEPHONE,
            _wave(clip.envelope or b""),
            _MISSED if clip.missed else "",
            "" if clip.heard else _UNHEARD,
            "</svg>",
        )
    )


def initials(name: str) -> str:
    """Return the first letters of the first and the last word of a name; nothing for what isn't one, as a number."""
    words = [word for word in name.split() if word[0].isalpha()]
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()


def _letters(letters: str) -> str:
    return (
        '<text x="48" y="49" text-anchor="middle" fill="#fff" font-size="32" font-weight="600"'
        f' font-family="Roboto,system-ui,sans-serif">{escape(letters)}</text>'
    )


def _wave(envelope: bytes) -> str:
    """Return bars as high as the clip is loud, on both sides of a line; a row of dots where that isn't known."""
    width = -(-len(envelope) // _BARS) or 1
    loudest = [max(envelope[at : at + width], default=0) for at in range(0, _BARS * width, width)]
    scale = _HIGHEST / max(*loudest, _QUIETEST_PEAK)
    bars = "".join(
        f"M{12 + 3 * at} {_BASE - height:.1f}v{2 * height:.1f}"
        for at, height in enumerate(max(0.5, value * scale) for value in loudest)
    )
    return f'<path d="{bars}" stroke="#fff" stroke-width="2" stroke-linecap="round" opacity=".85"/>'
