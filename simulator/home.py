"""A real Home Assistant for the demo: a fresh configuration, its own process, and a person's way in over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os
from pathlib import Path
import shutil
import signal
import socket
import sys
from typing import Any, Final, Self

import aiohttp

CHECKOUT: Final = Path(__file__).parent.parent
USERNAME: Final = "demo"
PASSWORD: Final = "demo"

# The first start fetches what these need.
START_TIMEOUT: Final = 280.0
STOP_TIMEOUT: Final = 30.0

_CONFIGURATION: Final = """\
homeassistant:
  name: Demo
  time_zone: UTC
http:
  server_host: 127.0.0.1
  server_port: {port}
frontend:
config:
media_source:
automation:
history:
logbook:
logger:
  default: info
  logs:
    custom_components.ringcentral: {level}
"""


class Home:
    """A running Home Assistant and a signed-in session with it."""

    def __init__(self, url: str, session: aiohttp.ClientSession, token: dict[str, Any]) -> None:
        """Talk to the one at this URL with this answer of /auth/token."""
        self.url = url
        self.token = token
        self._session = session
        self._headers = {"Authorization": f"Bearer {token['access_token']}"}

    @classmethod
    async def onboard(cls, url: str, session: aiohttp.ClientSession) -> Self:
        """Do what the first visitor does: make the owner and finish the questions."""
        client_id = f"{url}/"
        owner = {
            "client_id": client_id,
            "name": "Demo",
            "username": USERNAME,
            "password": PASSWORD,
            "language": "en",
        }
        async with session.post(f"{url}/api/onboarding/users", json=owner) as response:
            response.raise_for_status()
            code = (await response.json())["auth_code"]
        form = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
        async with session.post(f"{url}/auth/token", data=form) as response:
            response.raise_for_status()
            token = await response.json()
        home = cls(url, session, token)
        await home.post("/api/onboarding/core_config", {})
        await home.post("/api/onboarding/analytics", {})
        await home.post("/api/onboarding/integration", {"client_id": client_id, "redirect_uri": client_id})
        # Else Home Assistant would fall back to its usual port after five minutes.
        async with home.websocket() as websocket:
            await websocket.command("http/config/promote")
        async with asyncio.timeout(START_TIMEOUT):
            while (await home.get("/api/config"))["state"] != "RUNNING":  # noqa: ASYNC110 - it only tells who asks
                await asyncio.sleep(0.25)
        return home

    async def get(self, path: str) -> Any:
        """Return the JSON of a path."""
        async with self._session.get(f"{self.url}{path}", headers=self._headers) as response:
            response.raise_for_status()
            return await response.json()

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """Post JSON and return the answer's."""
        async with self._session.post(f"{self.url}{path}", json=body, headers=self._headers) as response:
            response.raise_for_status()
            return await response.json()

    async def refresh(self) -> None:
        """Get a new token for the one that expires after half an hour."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.token["refresh_token"],
            "client_id": f"{self.url}/",
        }
        async with self._session.post(f"{self.url}/auth/token", data=form) as response:
            response.raise_for_status()
            self.token |= await response.json()
        self._headers = {"Authorization": f"Bearer {self.token['access_token']}"}

    async def act(self, action: str, **data: Any) -> dict[str, Any]:
        """Run an action of the integration and return its response."""
        answer = await self.post(f"/api/services/ringcentral/{action}?return_response", data)
        return dict(answer["service_response"])

    async def devices(self) -> list[dict[str, Any]]:
        """Return the device registry."""
        async with self.websocket() as websocket:
            return list(await websocket.command("config/device_registry/list"))

    async def download(self, path: str) -> tuple[bytes, str]:
        """Return the bytes and the type of a signed path, fetched as a media player does: without our token."""
        async with self._session.get(f"{self.url}{path}") as response:
            response.raise_for_status()
            return await response.read(), response.content_type

    @asynccontextmanager
    async def websocket(self) -> AsyncIterator[WebSocket]:
        """Open the frontend's connection."""
        async with self._session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0) as connection:
            await connection.receive_json()
            await connection.send_json({"type": "auth", "access_token": self.token["access_token"]})
            await connection.receive_json()
            yield WebSocket(connection)


class WebSocket:
    """The frontend's connection: one command at a time."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        """Use an authenticated connection."""
        self._connection = connection
        self._number = 0

    async def command(self, kind: str, **values: Any) -> Any:
        """Return the result of a command; raises RuntimeError with the error."""
        self._number += 1
        await self._connection.send_json({"id": self._number, "type": kind, **values})
        while (answer := await self._connection.receive_json())["id"] != self._number:
            pass
        if not answer["success"]:
            raise RuntimeError(f"{kind} failed: {answer['error']}")
        return answer["result"]

    async def triggers(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the triggers subscribed to find."""
        while True:
            message = await self._connection.receive_json()
            if message["type"] == "event":
                yield message["event"]["variables"]["trigger"]


class Process:
    """Home Assistant as a process of its own, its log in the folder of its configuration."""

    def __init__(self, folder: Path, *, debug: bool) -> None:
        """Start nothing yet; the folder is to be prepared."""
        self._folder, self._debug = folder, debug
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; what it logs comes after what is there."""
        config = str(self._folder / "config")
        command = [sys.executable, "-m", "homeassistant", "--config", config]
        # Home Assistant installs what its integrations need with the tools beside its own Python.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        with (self._folder / "home-assistant.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                *(["--debug"] if self._debug else []),
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={**os.environ, "PATH": path, "NO_COLOR": "1"},
            )

    async def answers(self, url: str, *, onboarded: bool = False) -> None:
        """Wait until it can be talked to; raises RuntimeError when it gives up, TimeoutError when it takes too long."""
        assert self._process is not None
        # What asks the first visitor's questions is gone once they are answered.
        await _answering(self._process, url, "/auth/providers" if onboarded else "/api/onboarding")

    async def kill(self) -> None:
        """Let it end at once, as if the power had failed for it alone."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """Let it end in order, if it still runs."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            await self.kill()


def prepare(folder: Path, configuration: str) -> None:
    """Make a fresh configuration in a folder, with the integration in it."""
    shutil.rmtree(folder, ignore_errors=True)
    config = folder / "config"
    (config / "custom_components").mkdir(parents=True)
    (config / "custom_components" / "ringcentral").symlink_to(CHECKOUT / "custom_components" / "ringcentral")
    (config / "configuration.yaml").write_text(configuration)


@asynccontextmanager
async def running(folder: Path, *, port: int, debug: bool) -> AsyncIterator[str]:
    """Run a fresh Home Assistant in a folder, its log beside it; yields its URL."""
    prepare(folder, _CONFIGURATION.format(port=port, level="debug" if debug else "info"))
    process = Process(folder, debug=debug)
    url = f"http://127.0.0.1:{port}"
    await process.start()
    try:
        await process.answers(url)
        yield url
    finally:
        await process.stop()


def free_port() -> int:
    """Return a TCP port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _answering(process: asyncio.subprocess.Process, url: str, path: str = "/api/onboarding") -> None:
    """Wait until Home Assistant has started; raises RuntimeError when it gives up, TimeoutError when it takes too long."""
    async with asyncio.timeout(START_TIMEOUT), aiohttp.ClientSession() as session:
        while process.returncode is None:
            try:
                async with session.get(f"{url}{path}") as response:
                    if response.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.25)
    raise RuntimeError("Home Assistant did not start; see home-assistant.log in its folder")
