import asyncio
from collections.abc import AsyncGenerator
from functools import partial
import threading

import pytest

from custom_components.ringcentral.library.worker import Worker


def nothing() -> None:
    pass


def failing() -> None:
    raise ZeroDivisionError


@pytest.fixture
async def worker() -> AsyncGenerator[Worker]:
    worker = Worker("test-library", limit=2)
    yield worker
    await worker.close(nothing)


async def test_a_job_returns_what_it_returns_from_another_thread(worker: Worker) -> None:
    assert await worker.run(threading.get_ident) != threading.get_ident()


async def test_a_job_raises_what_it_raises_and_the_next_one_runs(worker: Worker) -> None:
    with pytest.raises(ZeroDivisionError):
        await worker.run(failing)

    assert await worker.run(lambda: 7) == 7


async def test_jobs_beyond_the_limit_wait_and_keep_their_order(worker: Worker) -> None:
    gate = threading.Event()
    done: list[int] = []
    blocker = asyncio.create_task(worker.run(gate.wait))
    jobs = [asyncio.create_task(worker.run(partial(done.append, number))) for number in range(10)]
    await asyncio.sleep(0)

    assert worker._executor._work_queue.qsize() <= 2
    gate.set()
    await asyncio.gather(blocker, *jobs)

    assert done == list(range(10))


async def test_a_cancelled_job_still_runs_and_gives_its_place_back(worker: Worker) -> None:
    gate = threading.Event()
    done: list[str] = []
    blocker = asyncio.create_task(worker.run(gate.wait))
    cancelled = asyncio.create_task(worker.run(lambda: done.append("cancelled")))
    await asyncio.sleep(0)

    cancelled.cancel()
    gate.set()
    await blocker
    await worker.run(lambda: done.append("after"))
    await worker.run(lambda: done.append("after that"))

    assert done == ["cancelled", "after", "after that"]


async def test_closing_runs_the_last_job_last_and_ends_the_thread() -> None:
    worker = Worker("test-library", limit=1)
    done: list[int] = []
    jobs = [asyncio.create_task(worker.run(partial(done.append, number))) for number in range(5)]
    await asyncio.sleep(0)

    await worker.close(lambda: done.append(99))
    await asyncio.gather(*jobs)

    assert done == [0, 1, 2, 3, 4, 99]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("test-library")]


async def test_the_thread_ends_even_if_the_last_job_fails() -> None:
    worker = Worker("test-library")

    with pytest.raises(ZeroDivisionError):
        await worker.close(failing)

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("test-library")]
