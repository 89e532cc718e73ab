"""A ZIP file of recordings, written a piece at a time in a thread, and there under its name only when it is whole."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
import os
from pathlib import Path
import secrets
import shutil
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_PIECE: Final = 1024 * 1024
"""Bytes read at a time."""
_PRIVATE: Final = 0o600
_FOR_ALL: Final = 0o644
"""Whoever asks for a file in a folder wants it read by those who may open the folder."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A file to be packed, the name it gets, and the local time that goes with it."""

    file: Path
    name: str = field(repr=False)
    at: datetime


class Archive:
    """A ZIP file that is being made; everything blocks, and raises OSError."""

    def __init__(self, path: Path, *, replace: bool) -> None:
        """Begin one beside its place; raises FileExistsError where something is there that isn't to be replaced."""
        if path.exists() and not replace:
            raise FileExistsError(path)
        self._path = path
        self._replace = replace
        self._unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        descriptor = os.open(self._unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, _PRIVATE)
        self._file = os.fdopen(descriptor, "w+b")
        self._zip = ZipFile(self._file, "w")

    def add(self, sounds: Iterable[Sound]) -> set[str]:
        """Pack files, and return the names of those that are gone."""
        gone = set()
        for sound in sounds:
            try:
                file = sound.file.open("rb")
            except FileNotFoundError:
                gone.add(sound.name)
                continue
            with file:
                # Sound from the telephone hardly gets smaller, and packing it costs a small machine minutes.
                info = self._info(sound.name, sound.at)
                info.file_size = os.fstat(file.fileno()).st_size
                with self._zip.open(info, "w") as packed:
                    shutil.copyfileobj(file, packed, _PIECE)
        return gone

    def add_text(self, name: str, at: datetime, text: str) -> None:
        """Pack a text."""
        self._zip.writestr(self._info(name, at), text, ZIP_DEFLATED)

    def finish(self) -> int:
        """Put it in its place, and return its bytes; raises FileExistsError where something has come there meanwhile."""
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        # Not every disk knows of permissions.
        with suppress(OSError):
            os.fchmod(self._file.fileno(), _FOR_ALL)
        size = os.fstat(self._file.fileno()).st_size
        self._file.close()
        if self._replace:
            self._unfinished.replace(self._path)
            return size
        try:
            # Never over anything, unlike renaming.
            self._path.hardlink_to(self._unfinished)
        except FileExistsError:
            raise
        except OSError:
            # Not every disk has links.
            if self._path.exists():
                raise FileExistsError(self._path) from None
            self._unfinished.replace(self._path)
        return size

    def close(self) -> None:
        """Leave nothing behind but what was finished."""
        try:
            # Else it would write its end when it is thrown away.
            self._zip.fp = None
            self._file.close()
        finally:
            self._unfinished.unlink(missing_ok=True)

    def _info(self, name: str, at: datetime) -> ZipInfo:
        # Before 1980 there is no time in a ZIP file.
        info = ZipInfo(name, max(at.timetuple()[:6], (1980, 1, 1, 0, 0, 0)))
        info.compress_type = ZIP_STORED
        info.external_attr = _PRIVATE << 16
        return info
