"""The one thread that owns the database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

QUEUE_LIMIT: Final = 128
"""Jobs waiting for the thread; a call makes half a dozen, so this is many calls at once."""


class Worker:
    """Runs jobs one after the other, in the order they were asked for, off the event loop."""

    def __init__(self, name: str, limit: int = QUEUE_LIMIT) -> None:
        """Prepare a thread called `name`; it starts with the first job."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._slots = asyncio.Semaphore(limit)

    async def run[T](self, job: Callable[[], T]) -> T:
        """Queue the job, waiting for a free place first, and return what it returns.

        A queued job runs even if its caller is cancelled: what was begun gets written.
        """
        await self._slots.acquire()
        future = asyncio.get_running_loop().run_in_executor(self._executor, job)
        future.add_done_callback(lambda _: self._slots.release())
        return await asyncio.shield(future)

    async def close(self, last: Callable[[], None]) -> None:
        """Run what was asked for and then one last job, and end the thread.

        Nothing may be asked for afterwards.
        """
        try:
            await self.run(last)
        finally:
            await asyncio.to_thread(self._executor.shutdown)
