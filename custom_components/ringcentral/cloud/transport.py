"""One request to RingCentral and its answer: time-out, size limit, and the pauses the server asks for."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
import logging
import re
import ssl
from typing import Final

import aiohttp

from .answer import Answer
from .endpoints import JSON, Endpoint
from .errors import RateLimited, RingCentralError, UnexpectedAnswer, Unreachable, UnreachableCause

LOGGER: Final = logging.getLogger(__name__)

DEFAULT_PENALTY: Final = 60.0
"""Seconds to keep quiet after a 429 without `Retry-After`: RingCentral's documented penalty."""

# Bytes of JSON that take a few milliseconds to read; what is longer is read beside the event loop.
_READ_AT_ONCE: Final = 128 * 1024

# SPR-122: the server refuses a User-Agent whose version it can't parse.
_USER_AGENT: Final = re.compile(r"[\w.-]+/\d+\.\d+[\w.+-]*( [ -~]*)?", re.ASCII)

_CAUSES: Final = (
    (TimeoutError, UnreachableCause.TIMEOUT),
    (aiohttp.ClientConnectorDNSError, UnreachableCause.DNS),
    ((aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch, ssl.SSLError), UnreachableCause.TLS),
    (Exception, UnreachableCause.CONNECTION),
)


@dataclass(frozen=True, slots=True)
class _Pause:
    """Until when nothing is sent (on the injected clock), and the answer that asked for it."""

    until: float
    answer: Answer

    def error(self, seconds: float) -> RateLimited | Unreachable:
        kind = RateLimited if self.answer.is_rate_limit else Unreachable
        return kind(retry_after=seconds, error_code=self.answer.error_code, request_id=self.answer.request_id)


class Patience:
    """Until when a server wants to be left alone by an app; all that send for that app to that server share one."""

    def __init__(self) -> None:
        """Begin without any pause."""
        self._pause: _Pause | None = None

    def raise_if_paused(self, now: float) -> None:
        """Raise what the server answered, if it still wants to be left alone."""
        if self._pause is None:
            return
        seconds = self._pause.until - now
        if seconds > 0:
            raise self._pause.error(seconds)
        self._pause = None

    def paused(self, answer: Answer, now: float, seconds: float) -> RateLimited | Unreachable:
        """Note a pause unless a longer one holds already (requests may be under way together)."""
        pause = _Pause(now + seconds, answer)
        if self._pause is None or self._pause.until < pause.until:
            self._pause = pause
        return pause.error(seconds)


class Transport:
    """Sends requests to one server, and none while the server wants to be left alone."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: str,
        *,
        user_agent: str,
        clock: Callable[[], float],
        timeout: float,
        patience: Patience | None = None,
    ) -> None:
        """Send with `session` to `server`; `timeout` is in seconds and for a whole request.

        Args:
            patience: what is known of its pauses, by the same clock; without one nothing is known yet.

        Raises:
            ValueError: `user_agent` isn't `Name/1.2…`.
        """
        if not _USER_AGENT.fullmatch(user_agent):
            raise ValueError("user_agent must look like Name/1.2.3")
        self._session = session
        self._server = server
        self._headers = {"User-Agent": user_agent, "X-User-Agent": user_agent}
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._patience = patience or Patience()

    async def send(
        self,
        endpoint: Endpoint,
        *,
        authorization: str | None,
        form: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Answer:
        """Send one request and return its answer, also when that is a refusal (4xx).

        Raises:
            RateLimited: the server answered 429, now or less than its penalty ago.
            Unreachable: no answer, 408 or 5xx, now or less than a 503's `Retry-After` ago.
            UnexpectedAnswer: the answer isn't HTTP, or larger than it may be.
        """
        self._patience.raise_if_paused(self._clock())
        outcome = await self._exchange(endpoint, authorization=authorization, form=form, json=json)
        if isinstance(outcome, RingCentralError):
            LOGGER.debug("%s %s: %s", endpoint.method, endpoint.path, outcome)
            raise outcome
        LOGGER.debug(
            "%s %s: %d %s (request %s)",
            endpoint.method,
            endpoint.path,
            outcome.status,
            outcome.error_code,
            outcome.request_id,
        )
        self._raise_if_trouble(outcome)
        return outcome

    async def _exchange(
        self, endpoint: Endpoint, *, authorization: str | None, form: Mapping[str, str] | None, json: object
    ) -> Answer | RingCentralError:
        """Return the answer, or the failure instead of raising it.

        aiohttp's errors hold the request's headers; an error raised while handling one would keep the token in
        them alive as its context.
        """
        try:
            async with self._session.request(
                endpoint.method,
                endpoint.address or self._server + endpoint.target,
                headers=self._headers
                | {"Accept": endpoint.accept}
                | ({"Authorization": authorization} if authorization else {}),
                data=form,
                json=json,
                timeout=self._timeout,
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                body = await _bounded_body(response, endpoint.longest)
                if body is None:
                    return UnexpectedAnswer(f"{UnexpectedAnswer.summary}: too large")
                if endpoint.accept != JSON:
                    return Answer.read(response.status, response.headers, body, as_is=True)
                if len(body) > _READ_AT_ONCE:
                    return await asyncio.to_thread(Answer.read, response.status, response.headers, body)
                return Answer.read(response.status, response.headers, body)
        except aiohttp.ClientResponseError:
            return UnexpectedAnswer(f"{UnexpectedAnswer.summary}: not HTTP")
        except (aiohttp.ClientError, OSError) as err:
            return Unreachable(cause=next(cause for kinds, cause in _CAUSES if isinstance(err, kinds)))

    def _raise_if_trouble(self, answer: Answer) -> None:
        if answer.is_rate_limit:
            penalty = answer.retry_after or DEFAULT_PENALTY
            raise self._patience.paused(answer, self._clock(), penalty)
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and answer.retry_after is not None:
            raise self._patience.paused(answer, self._clock(), answer.retry_after)
        if answer.is_outage:
            raise Unreachable(error_code=answer.error_code, request_id=answer.request_id)


async def _bounded_body(response: aiohttp.ClientResponse, longest: int) -> bytes | None:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > longest:
            return None
    return bytes(body)
