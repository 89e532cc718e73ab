"""The real Home Assistant of the demo, as far as it can be told without starting one."""

import asyncio
import socket
import sys

from aiohttp import web
import pytest

from simulator import home

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Process:
    """A Home Assistant that may give up."""

    def __init__(self, returncode: int | None = None) -> None:
        self.returncode = returncode


def test_a_free_port_can_be_listened_on() -> None:
    port = home.free_port()

    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        assert server.getsockname()[1] == port


async def test_a_home_assistant_that_gives_up_is_not_waited_for() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await process.wait()

    with pytest.raises(RuntimeError, match="did not start"):
        await home._answering(process, "http://127.0.0.1:1")


async def test_a_home_assistant_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "START_TIMEOUT", 0.3)

    with pytest.raises(TimeoutError):
        await home._answering(Process(), f"http://127.0.0.1:{home.free_port()}")  # type: ignore[arg-type]  # all it has to be


async def test_a_home_assistant_has_started_when_it_answers() -> None:
    statuses = iter((503, 200))

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=next(statuses))

    app = web.Application()
    app.router.add_get("/api/onboarding", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    await home._answering(Process(), url)  # type: ignore[arg-type]  # all it has to be

    assert next(statuses, None) is None
    await runner.cleanup()
