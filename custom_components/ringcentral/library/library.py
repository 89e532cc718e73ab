"""The library: the calls and clips of all lines, for the event loop to use."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final

from .backup import hold, resume
from .errors import ClipAwayError, ClipInUseError, ClipNotFoundError, LibraryClosedError, LibraryError
from .records import (
    CallerClips,
    CallQuery,
    CallRecord,
    Clip,
    ClipKind,
    ClipQuery,
    Consent,
    Day,
    Direction,
    Missed,
    Page,
    Purged,
    Retention,
    Total,
)
from .recovery import Repair, recover
from .retention import forget, purge, remove_line, sweep
from .shelf import Place, Shelf
from .store import Job, Shelves, Store
from .worker import Worker

_LATEST_CALLS: Final = 100
_LATEST_MISSED: Final = 5
_PAGE: Final = 50
_OF_ONE_CLIP: Final = (ClipAwayError, ClipInUseError, ClipNotFoundError)
"""What says nothing of the library as a whole."""


class Library:
    """Keeps calls and clips in `<folder>/library.db` and `<folder>/clips/<yyyy-mm>/<clip_id>.wav`, or another suffix.

    Clips of lines that `keep_in` names go to `<media>/<place>/<yyyy-mm>/<yyyy-mm-dd hh-mm-ss> <clip_id>.wav`, as
    long as the folder `media` is there.

    One thread does all the work, in the order it was asked for, so no method blocks the event
    loop; what was asked for is done even if the asking task is cancelled. Methods raise a
    `LibraryError` and nothing else; all but `open`, `start` and `close` raise `LibraryClosedError`
    while the library is not open. Moments are aware datetimes, durations seconds.

    Where the disk is full or gone calls are kept in memory until they can be written; a folder that
    comes back is found with the next that is asked for.

    Attributes:
        told: is told of each failure that is the library's own, and with None of whatever could be written.
    """

    def __init__(self, folder: Path, media: Path | None = None) -> None:
        """Name the folders; nothing is touched before `open`."""
        self.told: Callable[[LibraryError | None], None] = lambda _: None
        self._folder = folder
        self.shelf = Shelf(folder, media)
        self._opening = asyncio.Lock()
        self._worker: Worker | None = None
        self._store = Store(folder, self.shelf)

    @property
    def set_aside(self) -> Path | None:
        """The damaged database that opening renamed to begin a fresh one, None if it was sound.

        Its clips come back with `recover`, without their callers, as clips of the line
        `RECOVERED_LINE_ID`.
        """
        return self._store.set_aside

    async def open(self) -> None:
        """Open the database: create, migrate or replace it, and mark what an earlier run left open.

        Raises:
            LibraryTooNewError: A newer version wrote it; it is left as it is.
            LibraryError: The folder or the database can't be used.
        """
        async with self._opening:
            if self._worker is not None:
                return
            worker = Worker("ringcentral-library")
            try:
                await worker.run(self._store.open)
            except BaseException:
                await worker.close(self._store.close)
                raise
            self._worker = worker

    async def close(self) -> None:
        """Finish what was asked for, then close the database and end the thread."""
        async with self._opening:
            worker, self._worker = self._worker, None
            if worker is not None:
                await worker.close(self._store.close)

    def start(self) -> None:
        """Open with the first that is asked for, and try again with each for as long as that fails."""
        if self._worker is None:
            self._worker = Worker("ringcentral-library")

    async def check(self) -> None:
        """Find out whether calls and clips can be kept just now; raises what stands against it."""
        await self._ask(self._store.check, writes=True)

    async def room(self) -> int:
        """Return how many bytes are free where clips go."""
        return await self._ask(self._store.room)

    async def begin_call(self, call: CallRecord) -> None:
        """Keep a call that begins."""
        await self._keep(lambda shelves: shelves.calls.begin(call))

    async def answer_call(self, call_id: str, at: datetime) -> None:
        """Note when a call was answered; only the first time counts."""
        await self._keep(lambda shelves: shelves.calls.answer(call_id, at))

    async def end_call(
        self, call_id: str, at: datetime, outcome: str, end_reason: str, *, media: str | None = None
    ) -> None:
        """Note when and how a call ended, and what was counted of its sound as JSON; only the first time counts."""
        await self._keep(lambda shelves: shelves.calls.end(call_id, at, outcome, end_reason, media))

    async def link_call(
        self,
        call_id: str,
        remote_id: str | None = None,
        *,
        outcome: str | None = None,
        end_reason: str | None = None,
    ) -> None:
        """Note what a call is called in a call log elsewhere, and another end of it where it is known better there."""
        await self._write(lambda shelves: shelves.calls.link(call_id, remote_id, outcome, end_reason))

    async def last_call(self, line_id: str, *, without: str | None = None) -> CallRecord | None:
        """Return the latest call that rang at a line, and that had another outcome where one is named."""
        calls = await self.calls(line_id, 1, CallQuery(Direction.INCOMING, without=without, here=True))
        return calls[0] if calls else None

    async def calls(
        self, line_id: str, limit: int = _LATEST_CALLS, query: CallQuery | None = None
    ) -> list[CallRecord]:
        """Return the latest calls of a line, newest first, all or only those that are asked for."""
        return await self._run(lambda shelves: shelves.calls.newest(line_id, limit, query or CallQuery()))

    async def calls_of_clips(self, clip_ids: Collection[str]) -> list[CallRecord]:
        """Return the calls that clips are of, newest first."""
        return await self._run(lambda shelves: shelves.calls.of_clips(clip_ids))

    async def count_calls(self, line_id: str) -> int:
        """Return how many calls of a line there are."""
        return await self._run(lambda shelves: shelves.calls.count(line_id))

    async def missed(self, line_id: str, since: datetime | None, limit: int = _LATEST_MISSED) -> Missed:
        """Return the calls to a line that nobody took and that ended after a moment, None for all of them."""
        return await self._run(lambda shelves: shelves.calls.missed(line_id, since, limit))

    async def last_clip(self, line_id: str) -> Clip | None:
        """Return the latest saved clip of a line."""
        return await self._run(lambda shelves: shelves.clips.last(line_id))

    async def clips_of_calls(self, call_ids: Collection[str]) -> list[Clip]:
        """Return the saved clips of calls, oldest first."""
        return await self._run(lambda shelves: shelves.clips.of_calls(call_ids))

    async def remote_clips(self, line_id: str, remote_ids: Collection[str]) -> dict[str, Clip]:
        """Return those of a line's saved clips that are called this elsewhere, by what they are called there."""
        return await self._run(lambda shelves: shelves.clips.remote(line_id, remote_ids))

    async def begin_clip(
        self,
        line_id: str,
        started_at: datetime,
        *,
        call_id: str | None = None,
        kind: ClipKind = ClipKind.CALL,
        consent: Consent | None = None,
        remote_id: str | None = None,
    ) -> Clip:
        """Keep a clip that is being recorded; its file is the caller's to write, its folder exists.

        `call_id` is that of a call given to `begin_call`; no two clips of a line share a `remote_id`.
        """
        return await self._write(
            lambda shelves: shelves.clips.begin(
                line_id, started_at, call_id, kind=kind, consent=consent, remote_id=remote_id
            )
        )

    async def finish_clip(self, clip_id: str, duration: float, consent: Consent | None = None) -> Clip:
        """Save a clip, from when on it is listed, with its size and how loud it is.

        `consent` is what was said to the caller in the end, where that is another than what it began with.

        Raises:
            ClipNotFoundError: It has been discarded, or its line removed.
        """
        return await self._write(lambda shelves: shelves.clips.save(clip_id, duration, consent))

    async def discard_clip(self, clip_id: str) -> None:
        """Delete a clip and its file; one that is gone already is no error."""
        await self._write(lambda shelves: shelves.clips.discard(clip_id))

    async def clip(self, clip_id: str) -> Clip | None:
        """Return a clip in whatever state it is."""
        return await self._run(lambda shelves: shelves.clips.get(clip_id))

    async def set_favorite(self, clip_id: str, on: bool) -> Clip:
        """Make a clip a favourite, or no longer one; raises ClipNotFoundError."""
        return await self._write(lambda shelves: shelves.clips.set_favorite(clip_id, on))

    async def mark_heard(self, clip_id: str, on: bool = True) -> Clip:
        """Note that somebody has listened to a clip; raises ClipNotFoundError."""
        return await self._write(lambda shelves: shelves.clips.mark_heard(clip_id, on))

    async def set_transcript(
        self, clip_id: str, text: str | None, language: str | None = None, summary: str | None = None
    ) -> Clip:
        """Keep what was said in a clip, and find it by that; raises ClipNotFoundError.

        Language and summary are this text's: what was kept of another one goes. No text at all is that nobody has tried,
        an empty one that nothing was understood.
        """
        return await self._write(
            lambda shelves: shelves.clips.set_transcript(clip_id, text, language, summary)
        )

    async def clips_without(self, line_id: str, suffix: str, until: datetime) -> list[str]:
        """Return the ids of a line's saved clips whose files don't end so and that were over by a moment, newest first."""
        return await self._run(lambda shelves: shelves.copies.without(line_id, suffix, until))

    async def begin_copy(self, clip_id: str, suffix: str) -> Path | None:
        """Return where another file of a saved clip is to be written, None where its file ends so already.

        What was begun is to be kept or dropped; a clip has one at a time. Raises ClipNotFoundError.
        """
        return await self._write(lambda shelves: shelves.copies.begin(clip_id, suffix))

    async def keep_copy(self, clip_id: str) -> Clip:
        """Have the file that was begun, which is whole and on the disk, take the place of the clip's, which is deleted.

        Raises:
            ClipNotFoundError: The clip was deleted meanwhile, or nothing was begun.
        """
        return await self._write(lambda shelves: shelves.copies.keep(clip_id))

    async def drop_copy(self, clip_id: str) -> None:
        """Delete what was begun and not kept; nothing is no error."""
        await self._write(lambda shelves: shelves.copies.drop(clip_id))

    async def delete_clip(self, clip_id: str) -> None:
        """Delete a clip and its file for good; one that is gone already is no error.

        Raises:
            ClipInUseError: It is being recorded.
        """
        await self._write(lambda shelves: shelves.clips.delete(clip_id))

    async def browse(
        self, line_ids: Collection[str], query: ClipQuery, limit: int = _PAGE, offset: int = 0
    ) -> Page[Clip]:
        """Return the saved clips of lines that are asked for, newest first; a limit of 0 only counts them."""
        return await self._run(lambda shelves: shelves.folders.browse(line_ids, query, limit, offset))

    async def callers(
        self, line_ids: Collection[str], limit: int = _PAGE, offset: int = 0
    ) -> Page[CallerClips]:
        """Return who is heard in the saved clips of lines, whoever called last first."""
        return await self._run(lambda shelves: shelves.folders.callers(line_ids, limit, offset))

    async def search(
        self,
        line_ids: Collection[str],
        text: str,
        limit: int = _PAGE,
        offset: int = 0,
        query: ClipQuery | None = None,
    ) -> Page[Clip]:
        """Return the saved clips of lines in which every word of a text is found, newest first.

        All are looked at, or only those that are asked for.
        Looked at are the caller's name, the contact's, both numbers and the transcript. Of the last word and of numbers
        a part will do. No text does harm; one without a word finds nothing.
        """
        return await self._run(
            lambda shelves: shelves.search.search(line_ids, text, query or ClipQuery(), limit, offset)
        )

    async def purge(self, retention: Retention, now: datetime) -> Purged:
        """Delete what is kept no longer: clips with their files, and calls without a clip, but each line's newest.

        What is being recorded stays. Others get their turn in between; what was deleted when the task is cancelled is.
        """
        return await self._step_by_step(lambda shelves: purge(shelves.connection, self.shelf, retention, now))

    async def forget(self, numbers: Collection[str]) -> Purged:
        """Delete all calls, clips and files of a caller, of all lines; a call that is going on stays."""
        return await self._step_by_step(lambda shelves: forget(shelves.connection, self.shelf, numbers))

    async def days(
        self, line_id: str, zone: tzinfo, *, limit: int | None = None, offset: int = 0
    ) -> list[Day]:
        """Return the days, in a time zone, on which saved clips of a line began, newest first."""
        return await self._run(lambda shelves: shelves.clips.days(line_id, zone, limit, offset))

    async def totals(self) -> dict[str, Total]:
        """Return the sums of the saved clips of each line that has any, by its id."""
        return await self._run(lambda shelves: shelves.clips.totals())

    async def room_taken(self) -> int:
        """Return how much room the files of the saved clips take."""
        return await self._run(lambda shelves: shelves.clips.room_taken())

    async def recover(self, repair: Repair) -> list[Clip]:
        """Save the clips an earlier run was killed over, and return them, oldest first.

        `repair` makes a file playable and returns its length in samples at 8000 Hz, or None if
        it holds no clip; it runs on the library's thread. Missing and silent clips are discarded.
        Clips of this run are left alone, so it may be called at any time.
        """
        return await self._write(lambda shelves: recover(shelves.connection, shelves.clips, repair))

    async def adopt_recovered(self, line_id: str) -> None:
        """Give a line the clips that were found again without one, where they can't be of another."""
        await self._write(lambda shelves: shelves.clips.adopt(line_id))

    async def remove_line(self, line_id: str) -> Purged:
        """Delete all calls and clips of a line, and their files."""
        return await self._step_by_step(lambda shelves: remove_line(shelves.connection, self.shelf, line_id))

    def keep_in(self, line_id: str, place: Place | None) -> None:
        """Say where clips of a line go from now on; None is the library's own folder. Those there are stay."""
        if place is None:
            self.shelf.places.pop(line_id, None)
        else:
            self.shelf.places[line_id] = place

    async def hold(self) -> None:
        """Let all files be copied, as for a backup, until `resume`: none goes away, and the database's stays as it is.

        Everything works meanwhile; files of what is deleted go with `resume`.
        """
        await self._write(lambda shelves: hold(shelves.connection, self.shelf, self._folder))

    async def resume(self) -> None:
        """Go on as usual after `hold`; without one, nothing happens."""
        await self._write(lambda shelves: resume(shelves.connection, self.shelf, self._folder))
        await self._step_by_step(lambda shelves: sweep(shelves.connection, self.shelf))

    async def _run[T](self, job: Job[T]) -> T:
        return await self._ask(lambda: self._store.read(job))

    async def _write[T](self, job: Job[T]) -> T:
        return await self._ask(lambda: self._store.write(job), writes=True)

    async def _keep(self, job: Job[None]) -> None:
        await self._ask(lambda: self._store.keep(job), writes=True)

    async def _ask[T](self, job: Callable[[], T], *, writes: bool = False) -> T:
        if self._worker is None:
            raise LibraryClosedError
        try:
            result = await self._worker.run(job)
        except LibraryError as error:
            if not isinstance(error, _OF_ONE_CLIP):
                self.told(error)
            raise
        if writes:
            self.told(None)
        return result

    async def _step_by_step(self, begin: Callable[[Shelves], Iterator[Purged]]) -> Purged:
        """Do a long work one step at a time, each in the queue behind whatever else was asked for meanwhile."""
        steps, done = await self._write(begin), Purged()
        while (step := await self._write(lambda _: next(steps, None))) is not None:
            done += step
        return done
