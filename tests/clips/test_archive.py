"""A ZIP file that is there under its name only when it is whole."""

from datetime import datetime
import errno
import os
from pathlib import Path
from zipfile import ZipFile

import pytest

from custom_components.ringcentral.clips.archive import Archive, Sound

AT = datetime(2026, 11, 26, 17, 3, 11)


@pytest.fixture
def auto_enable_custom_integrations() -> None:
    """Nothing of Home Assistant is needed."""


@pytest.fixture
def sound(tmp_path: Path) -> Sound:
    file = tmp_path / "sound.wav"
    file.write_bytes(bytes(range(256)) * 5000)
    return Sound(file, "Anna.wav", AT)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    return folder / "all.zip"


def test_what_is_packed_comes_out_as_it_was(place: Path, sound: Sound, tmp_path: Path) -> None:
    archive = Archive(place, replace=False)
    assert archive.add([sound, Sound(tmp_path / "gone.wav", "gone.wav", AT)]) == {"gone.wav"}
    archive.add_text("list.json", datetime(1970, 1, 1), "{}")
    (unfinished,) = place.parent.iterdir()
    assert unfinished != place
    assert unfinished.stat().st_mode & 0o777 == 0o600
    size = archive.finish()
    archive.close()

    assert [*place.parent.iterdir()] == [place]
    assert size == place.stat().st_size
    assert place.stat().st_mode & 0o777 == 0o644
    with ZipFile(place) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["Anna.wav", "list.json"]
        assert packed.read("Anna.wav") == sound.file.read_bytes()
        assert packed.getinfo("Anna.wav").date_time == (2026, 11, 26, 17, 3, 10)
        assert packed.getinfo("list.json").date_time == (1980, 1, 1, 0, 0, 0)


def test_what_is_not_finished_leaves_nothing(place: Path, sound: Sound) -> None:
    archive = Archive(place, replace=False)
    archive.add([sound])
    archive.close()
    assert [*place.parent.iterdir()] == []


def test_what_is_there_stays_unless_it_is_to_be_replaced(place: Path, sound: Sound) -> None:
    place.write_text("mine")
    with pytest.raises(FileExistsError):
        Archive(place, replace=False)
    assert [*place.parent.iterdir()] == [place]

    archive = Archive(place, replace=True)
    assert place.read_text() == "mine"
    archive.add([sound])
    archive.finish()
    archive.close()
    assert ZipFile(place).namelist() == ["Anna.wav"]
    assert [*place.parent.iterdir()] == [place]


@pytest.mark.parametrize("links", [True, False])
def test_what_comes_there_meanwhile_stays(place: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    archive = Archive(place, replace=False)
    place.write_text("mine")

    with pytest.raises(FileExistsError):
        archive.finish()
    archive.close()

    assert place.read_text() == "mine"
    assert [*place.parent.iterdir()] == [place]


def no_links(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_a_disk_without_links_will_do(place: Path, sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links)
    archive = Archive(place, replace=False)
    archive.add([sound])
    archive.finish()
    archive.close()
    assert ZipFile(place).namelist() == ["Anna.wav"]
    assert [*place.parent.iterdir()] == [place]
