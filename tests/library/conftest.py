"""A library in a folder of its own, and the audio files a recorder would have written."""

from collections.abc import AsyncGenerator
from pathlib import Path
import wave

import pytest

from custom_components.ringcentral.library import Library

WAV_HEADER = 44


@pytest.fixture
def auto_enable_custom_integrations() -> None:
    """The library knows nothing of Home Assistant, so its tests start none."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ringcentral"


@pytest.fixture
async def library(folder: Path) -> AsyncGenerator[Library]:
    library = Library(folder)
    await library.open()
    yield library
    await library.close()


def write_wav(path: Path, samples: int) -> None:
    """Write a clip of silence: 16-bit mono PCM at 8000 Hz."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(bytes(2 * samples))


def samples_by_size(path: Path) -> int:
    """Stand in for the repair of a WAV file that was cut off: count what is there."""
    return (path.stat().st_size - WAV_HEADER) // 2
