"""The one thread that writes all clips.

The event loop hands over audio and never waits: the queue is bounded, and when a disk can't keep up audio is dropped
and counted. Errors of the disk end up in the result of the clip; the thread survives them, keeps what was written, and
tries again with the next piece of audio.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
import errno
from functools import partial
import logging
import os
from pathlib import Path
from queue import SimpleQueue
import threading
from typing import Final

from .errors import MediaError
from .g711 import Codec
from .wav import MAX_SAMPLES, WavFile

_LOGGER = logging.getLogger(__name__)

QUEUE_LIMIT: Final = 2000
"""Pieces of audio that may wait for the disk: 100 s of ten calls, at two pieces a second each."""

CLOSE_TIMEOUT: Final = 10.0
"""Seconds that ``close`` gives a slow disk."""

type _Job = Callable[[], None]


@dataclass(frozen=True, slots=True)
class ClipResult:
    """What became of a clip.

    Attributes:
        path: the file; it exists if there are samples.
        samples: length at 8 kHz, silence in gaps included; two channels are as long as one.
        lost_samples: audio that was heard but isn't in the file (disk too slow, full or gone).
        error: the first error of the disk, without its path.
    """

    path: Path = field(repr=False)
    samples: int
    lost_samples: int = 0
    error: OSError | None = None


class _Clip:
    """The writing thread's side of a clip."""

    def __init__(self, path: Path, codec: Codec, channels: int) -> None:
        self.result: Future[ClipResult] = Future()
        # A waiter that gives up must not take the result from the thread.
        self.result.set_running_or_notify_cancel()
        self.dropped = 0
        self.longest = MAX_SAMPLES // channels
        self._channels = channels
        self._path = path
        self._codec = codec
        self._wav: WavFile | None = None
        self._handed = 0
        self._error: OSError | None = None

    def store(self, offset: int, data: bytes, channel: int) -> None:
        """Write audio, creating the file with the first of it."""
        self._handed += len(data)
        try:
            if self._wav is None:
                self._wav = WavFile(self._path, self._channels)
            self._wav.write(offset, self._codec.to_pcm(data), channel)
        except (OSError, ValueError) as error:
            self._note(error)

    def settle(self) -> None:
        """Close the file and set the result."""
        samples = written = 0
        if self._wav is not None:
            try:
                self._wav.close()
            except OSError as error:
                self._note(error)
            samples, written = self._wav.samples, self._wav.written
        lost = self.dropped + self._handed - written
        self.result.set_result(ClipResult(self._path, samples, lost, self._error))

    def _note(self, error: OSError | ValueError) -> None:
        if self._error is not None:
            return
        # The text of the original names the path; a path that can't be one (ValueError) has no errno.
        number = getattr(error, "errno", None) or errno.EINVAL
        self._error = OSError(number, os.strerror(number))
        _LOGGER.warning("A clip can't be written completely: %s", self._error.strerror)


class ClipFile:
    """A clip being written; all methods return at once. Made by ``ClipWriter.begin``."""

    def __init__(self, clip: _Clip, enqueue: Callable[[_Job], bool], finish: Callable[[_Clip], None]) -> None:
        """Wrap what the thread works on."""
        self._clip = clip
        self._enqueue = enqueue
        self._finish = finish

    def write(self, offset: int, data: bytes, channel: int = 0) -> None:
        """Write G.711 codes ``offset`` samples into the clip; dropped and counted when that isn't possible."""
        in_range = 0 <= offset <= self._clip.longest - len(data)
        if not in_range or not self._enqueue(partial(self._clip.store, offset, data, channel)):
            self._clip.dropped += len(data)

    def finish(self) -> Future[ClipResult]:
        """End the clip once everything handed over is written; the same future when called again."""
        self._finish(self._clip)
        return self._clip.result


class ClipWriter:
    """Writes clips in a thread of its own, which starts with the first clip."""

    def __init__(self, *, queue_limit: int = QUEUE_LIMIT) -> None:
        """Start nothing yet.

        Args:
            queue_limit: pieces of audio that may wait for the disk.
        """
        self._queue_limit = queue_limit
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._open: set[_Clip] = set()
        self._thread: threading.Thread | None = None
        self._closed = False

    def begin(self, path: Path, codec: Codec, *, channels: int = 1) -> ClipFile:
        """Return a new clip; its file is created with the first audio.

        Args:
            path: the WAV file to be.
            codec: the law of what will be written.
            channels: 1, or 2 for both sides of a call.

        Raises:
            MediaError: the writer is closed.
        """
        clip = _Clip(path, codec, channels)
        with self._lock:
            if self._closed:
                raise MediaError("Clips are no longer written")
            self._open.add(clip)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ringcentral-clips")
                self._thread.start()
        return ClipFile(clip, self._enqueue, self._end)

    def close(self, timeout: float = CLOSE_TIMEOUT) -> bool:
        """Write what waits, finish every clip and end the thread. Blocks: not for the event loop.

        Returns:
            Whether everything was written in ``timeout`` seconds; if not the thread goes on by itself.
        """
        with self._lock:
            thread = self._thread
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if thread is None:
            return True
        thread.join(timeout)
        if thread.is_alive():
            _LOGGER.error("The disk didn't take the last audio within %s s", timeout)
            return False
        return True

    def _enqueue(self, job: _Job) -> bool:
        with self._lock:
            if self._closed or self._queue.qsize() >= self._queue_limit:
                return False
            self._queue.put(job)
            return True

    def _end(self, clip: _Clip) -> None:
        with self._lock:
            # Closing ends every clip that is still open.
            if self._closed or clip not in self._open:
                return
            self._open.remove(clip)
            self._queue.put(clip.settle)

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            job()
        for clip in self._open:
            clip.settle()
        self._open.clear()
