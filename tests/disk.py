"""Disks that fill up, can't be written or are unplugged: real ones where the machine lets us, else what comes closest."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
import errno
import os
from pathlib import Path
import shutil
import subprocess
from typing import Final
from unittest.mock import patch

SIZE: Final = 8_000_000
"""Bytes of a small disk: more than a library needs, and soon full."""


def mounted(*options: str) -> bool:
    """Mount something; False where nobody may, as in most containers."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0


def unmount(path: Path) -> None:
    """Take away what was mounted last, also while files on it are open."""
    subprocess.run(["umount", "-l", path], check=True, capture_output=True)


class SmallDisk:
    """A disk that may be full; `real` tells whether it is one, or only the system's answers are those of a full one."""

    def __init__(self, folder: Path, *, real: bool) -> None:
        """Use a folder that has the disk to itself."""
        self.real = real
        self._filler = folder / "filler"
        self._full = ExitStack()

    def fill(self, *, left: int = 0) -> None:
        """Leave room for so many bytes."""
        if not self.real:
            self._pretend()
            return
        with self._filler.open("wb") as filler:
            size = shutil.disk_usage(self._filler.parent).free - left
            os.posix_fallocate(filler.fileno(), 0, size)

    def free(self) -> None:
        """Let there be room again."""
        self._filler.unlink(missing_ok=True)
        self._full.close()

    def _pretend(self) -> None:
        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        none = shutil.disk_usage(self._filler.parent)._replace(free=0)
        self._full.enter_context(patch("os.pwrite", full))
        self._full.enter_context(patch("shutil.disk_usage", return_value=none))


@contextmanager
def small_disk(folder: Path, *, real: bool = True) -> Generator[SmallDisk]:
    """Make a folder a small disk of its own."""
    folder.mkdir(parents=True)
    real = real and mounted("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder))
    disk = SmallDisk(folder, real=real)
    try:
        yield disk
    finally:
        disk.free()
        if real:
            unmount(folder)


def permit(folders: list[Path], mode: int) -> None:
    """Set the permissions of folders."""
    for path in folders:
        path.chmod(mode)


def make_read_only(folder: Path) -> Callable[[], None]:
    """Let nothing be created in a folder any more, by root either; returns what ends that."""
    if mounted("--bind", str(folder), str(folder)):
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True, capture_output=True)
        return lambda: unmount(folder)
    if os.geteuid() != 0:
        folders = [path for path in folder.rglob("*") if path.is_dir()] + [folder]
        permit(folders, 0o500)
        return lambda: permit(folders[::-1], 0o700)
    # Root may write anywhere, so the system's answers are those of such a folder.
    pretended = ExitStack()
    pretended.enter_context(patch("os.access", return_value=False))
    pretended.enter_context(patch.object(Path, "write_bytes", side_effect=PermissionError(errno.EROFS, "")))
    return pretended.close
