"""The folder for recordings in Home Assistant's media folder, where other programs find them."""

import errno
import os
from pathlib import Path
import tempfile

from homeassistant.core import HomeAssistant

from ..const import DOMAIN


def media_folder(hass: HomeAssistant) -> Path | None:
    """Return where it is, or would be; None where Home Assistant has no media folder."""
    folders = hass.config.media_dirs
    folder = folders.get("local") or next(iter(folders.values()), None)
    return Path(folder) / DOMAIN if folder else None


async def async_make_media_folder(hass: HomeAssistant) -> None:
    """Make it, and see whether something can be kept there; raises OSError."""
    if (folder := media_folder(hass)) is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    await hass.async_add_executor_job(_make, folder)


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"1")
