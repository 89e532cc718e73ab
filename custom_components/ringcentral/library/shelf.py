"""Where audio files lie, and what stands in the way of deleting them.

In the database a path is relative to the library's folder, or behind `media:` to the folder for other programs. None of
its parts comes from a caller, and whatever the database says, no path leads out of either folder.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
import os
from pathlib import Path, PurePosixPath
import re
from typing import Final

from .errors import ClipAwayError

CLIPS_FOLDER: Final = "clips"

_MEDIA: Final = "media:"
_FOR_ALL: Final = 0o644
_CLIP_FILE: Final = re.compile(r"(?:[0-9 -]+ )?([0-9a-f]{32})\.(?:wav|mp3)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the new clips of a line go in the folder for other programs.

    `folder` is one name, which the user has chosen; `local` returns a moment as the household's clock shows it.
    """

    folder: str
    local: Callable[[datetime], datetime]


class Shelf:
    """Finds, names and deletes audio files: `shelf / path` is where the path of a row leads."""

    def __init__(self, folder: Path, media: Path | None = None) -> None:
        """Keep files in the library's folder, and in another one where a line wants that."""
        self._folder = folder
        self._media = media if media is not None else folder / "media"
        self.places: dict[str, Place] = {}
        """Where clips are wanted that don't stay with the library, by the id of their line."""
        self.held = False
        """While it is so, no file goes away."""

    def __truediv__(self, path: str) -> Path:
        """Return the file a row names; one that would be elsewhere is looked for under its name alone."""
        root, rest = self._folder, PurePosixPath(path)
        if path.startswith(_MEDIA):
            root, rest = self._media, PurePosixPath(path.removeprefix(_MEDIA))
        return root / rest.name if rest.is_absolute() or ".." in rest.parts else root / rest

    def make_room(self, line_id: str, started_at: datetime, clip_id: str) -> str:
        """Return the path of a new clip, whose folder exists; it stays with the library where it can't be elsewhere."""
        if (place := self.places.get(line_id)) is not None:
            local = place.local(started_at)
            name = f"{local:%Y-%m-%d %H-%M-%S} {clip_id}.wav"
            path = f"{_MEDIA}{PurePosixPath(place.folder).name}/{local:%Y-%m}/{name}"
            if self._is_usable((self / path).parent):
                return path
        path = f"{CLIPS_FOLDER}/{started_at.astimezone(UTC):%Y-%m}/{clip_id}.wav"
        (self / path).parent.mkdir(parents=True, exist_ok=True)
        return path

    def is_elsewhere(self, file: Path) -> bool:
        """Tell whether a file lies in the folder for other programs."""
        return file.is_relative_to(self._media)

    def show(self, file: Path) -> None:
        """Let other programs read a file that is there for them."""
        if self.is_elsewhere(file):
            # Not every disk knows of permissions.
            with suppress(OSError):
                file.chmod(_FOR_ALL)

    def unlink(self, path: str) -> bool:
        """Delete the file a row names, and tell whether it is gone; raises OSError.

        One that is gone already is no error, unless the whole folder is, which may be a disk that was unplugged: ClipAwayError.
        """
        if self.held:
            return False
        if path.startswith(_MEDIA) and not self._media.is_dir():
            raise ClipAwayError
        (self / path).unlink(missing_ok=True)
        return True

    def clips(self) -> Iterator[tuple[str, str, Path]]:
        """Yield the id, the path for a row, and the file of every clip that lies here."""
        folder = self._folder / CLIPS_FOLDER
        for root, prefix, pattern in (
            (folder, f"{CLIPS_FOLDER}/", "*/*"),
            (self._media, _MEDIA, "*/*/*"),
        ):
            for file in root.glob(pattern):
                if (found := _CLIP_FILE.fullmatch(file.name)) is not None:
                    yield found[1], prefix + file.relative_to(root).as_posix(), file

    def _is_usable(self, folder: Path) -> bool:
        """Tell whether a folder in the one for other programs can be written to, after making it where there is none."""
        # That one is made by whoever chooses it. Where its disk is unplugged nothing is to be written in its stead.
        if not self._media.is_dir():
            return False
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return False
        return os.access(folder, os.W_OK | os.X_OK)
