"""What callers are to hear of their own accord: made while they wait, and told once where it can't be."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Final

from ..const import LOGGER
from .voice import Media, Speech, Voice

# Seconds that a caller waits for an engine that isn't ready when its sound is needed.
ENGINE_PATIENCE: Final = 5.0


class Prompts:
    """The greetings and the like of one line."""

    def __init__(self, voice: Voice) -> None:
        """Speak with a voice."""
        self._voice = voice
        self._failed: set[Speech | Media] = set()

    @contextmanager
    def making(
        self, what: Speech | Media | None, instead: str
    ) -> Generator[Callable[[], Awaitable[bytes | None]]]:
        """Begin to make a sound, and stop that at the end; what is yielded waits for it, but not for long.

        The sound is None where nothing is wanted, or it can't be had: then the log says what callers hear `instead`, once
        until it can be had again.
        """
        if what is None:
            yield _nothing
            return
        making = asyncio.create_task(self._render(what))
        try:
            yield partial(self._made, what, making, instead)
        finally:
            making.cancel()

    async def _render(self, what: Speech | Media) -> bytes | str:
        """Return its sound, or why there is none."""
        try:
            return await self._voice.render(what)
        except Exception as error:  # noqa: BLE001 - media sources raise what they like, and the caller waits
            return str(error) or type(error).__name__

    async def _made(
        self, what: Speech | Media, making: asyncio.Task[bytes | str], instead: str
    ) -> bytes | None:
        try:
            async with asyncio.timeout(ENGINE_PATIENCE):
                made = await making
        except TimeoutError:
            made = f"it wasn't ready {ENGINE_PATIENCE:.0f} s after it was needed"
        if isinstance(made, bytes):
            if what in self._failed:
                LOGGER.info("Callers hear again what you have chosen for them")
            self._failed.discard(what)
            return made
        if what not in self._failed:
            LOGGER.warning("%s: %s", instead, made)
        self._failed.add(what)
        return None


async def _nothing() -> None:
    return None
