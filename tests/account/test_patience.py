"""A penalty of RingCentral's outlasts a reload: a request within it would start it again."""

import pytest

from custom_components.ringcentral.account.patience import async_patience
from custom_components.ringcentral.cloud import RateLimited
from simulator.rest import Endpoint
from tests.browser import Browser
from tests.line import Line


async def limited(line: Line) -> None:
    with pytest.raises(RateLimited):
        await line.entry.runtime_data.client.extension()


async def test_nothing_is_asked_within_a_penalty_after_a_reload(line: Line) -> None:
    rest = line.cloud.rest
    rest.fail_next(Endpoint.EXTENSION, "CMN-301")
    await limited(line)
    before = len(rest.requests)

    await line.reload()
    await limited(line)
    assert len(rest.requests) == before

    async_patience(line.hass, rest.url, rest.account.client_id)._pause = None
    rest._closed_until.update(dict.fromkeys(rest._closed_until, 0.0))
    assert (await line.entry.runtime_data.client.extension()).name == "Reception"


async def test_who_signed_in_in_the_browser_keeps_to_it_too(browser: Browser) -> None:
    line = await browser.add_line()
    line.cloud.rest.fail_next(Endpoint.EXTENSION, "CMN-301")
    await limited(line)
    await line.reload()
    before = len(line.cloud.rest.requests)

    await limited(line)

    assert len(line.cloud.rest.requests) == before


async def test_other_apps_and_servers_are_no_concern_of_it(line: Line) -> None:
    url, app = line.cloud.rest.url, line.cloud.rest.account.client_id
    patience = async_patience(line.hass, url, app)

    assert async_patience(line.hass, url, app) is patience
    assert async_patience(line.hass, url, "another") is not patience
    assert async_patience(line.hass, "https://example.com", app) is not patience
