import asyncio
from typing import Any

from aiohttp import web
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.flows.config_forms import ENCRYPTION_ERRORS, SIGN_IN_ERRORS
from custom_components.ringcentral.flows.registration_check import (
    CERTIFICATE_AT_HOME,
    LOSSES,
    LOST,
    REFUSALS,
    REFUSED,
)
from simulator.home import free_port
from simulator.rest import Endpoint, Fault, Trouble
from simulator.ringcentral import RingCentral

from .flow import CALLS, Flow, suggested
from .line import Line, set_up_line, until
from .translations import EN


def refusal(status: int, code: str, **headers: str) -> web.Response:
    return web.json_response({"errorCode": code, "error": "access_denied"}, status=status, headers=headers)


def filled_in(app: dict[str, Any]) -> dict[str, Any]:
    """Return what a form is filled in with after this was typed."""
    return app | {"advanced": {"transport": "automatic", **app["advanced"]}}


async def test_a_line_is_added_by_signing_in_and_choosing_what_happens_with_calls(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    flow = await Flow.start(hass)
    assert (flow.result["type"], flow.result["step_id"]) == (FlowResultType.FORM, "ringcentral")
    assert flow.errors == {}

    await flow.submit(cloud.app)
    assert (flow.result["type"], flow.result["step_id"]) == (FlowResultType.FORM, "calls")
    assert flow.result["description_placeholders"] == {"line": "Reception (115)"}

    await flow.submit(CALLS)
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    device = cloud.rest.sip_accounts[0]
    assert (entry.title, entry.unique_id) == ("Reception", "802398804-802398804016")
    assert dict(entry.options) == CALLS
    assert entry.data.keys() == {"source", "client_id", "client_secret", "jwt", "server", "provision"}
    assert entry.data["server"] == cloud.rest.url
    assert entry.data["provision"]["device"] == {"id": device.authorization_id}
    await cloud.registered()


async def test_signing_in_leaves_no_session_behind(hass: HomeAssistant, cloud: RingCentral) -> None:
    flow = await Flow.start(hass)

    await flow.submit(cloud.app)

    asked = [Endpoint(request.endpoint) for request in cloud.rest.requests]
    assert asked == [
        Endpoint.TOKEN,
        Endpoint.EXTENSION,
        Endpoint.DEVICES,
        Endpoint.SIP_PROVISION,
        Endpoint.REVOKE,
    ]


async def test_an_extension_without_a_number_can_be_added(hass: HomeAssistant, cloud: RingCentral) -> None:
    cloud.rest.account.extension_number = ""
    flow = await Flow.start(hass)

    await flow.submit(cloud.app)

    assert flow.result["description_placeholders"] == {"line": "Reception"}


async def test_the_form_can_be_filled_in_in_a_browser(
    hass: HomeAssistant, cloud: RingCentral, hass_client: ClientSessionGenerator
) -> None:
    # What serves requests is set up before the first one comes.
    assert await async_setup_component(hass, "config", {})
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client()

    path = "/api/config/config_entries/flow"
    menu = await (await client.post(path, json={"handler": DOMAIN})).json()
    flow = f"{path}/{menu['flow_id']}"
    form = await (await client.post(flow, json={"next_step_id": "ringcentral"})).json()
    trying = await (await client.post(flow, json=cloud.app)).json()
    await hass.async_block_till_done()
    calls = await (await client.get(flow)).json()
    entry = await (await client.post(f"{path}/{calls['flow_id']}", json=CALLS)).json()

    assert menu["menu_options"] == ["browser", "ringcentral", "device", "sip"]
    assert (trying["type"], trying["progress_action"]) == ("progress", "register")
    assert [field["name"] for field in form["data_schema"]] == [
        "client_id",
        "client_secret",
        "jwt",
        "advanced",
    ]
    assert [(field["name"], field["default"]) for field in calls["data_schema"]] == [
        ("answer_mode", "only_tell"),
        ("answer_after", 15),
        ("longest_message", 120),
    ]
    assert entry["title"] == "Reception"


@pytest.mark.parametrize(
    ("key", "endpoint", "fault"),
    [
        ("jwt_not_enabled", Endpoint.TOKEN, "OAU-251"),
        ("wrong_environment", Endpoint.TOKEN, "OAU-165"),
        ("wrong_app", Endpoint.TOKEN, "OAU-153"),
        ("wrong_jwt", Endpoint.TOKEN, "OAU-140"),
        ("sign_in_refused", Endpoint.TOKEN, lambda: refusal(403, "OAU-999")),
        ("missing_permission", Endpoint.SIP_PROVISION, "CMN-401"),
        ("feature_unavailable", Endpoint.SIP_PROVISION, "BIL-103"),
        ("cannot_connect", Endpoint.SIP_PROVISION, "CMN-203"),
        ("cannot_connect", Endpoint.TOKEN, Trouble.DROP),
        ("extension_unusable", Endpoint.TOKEN, "OAU-142"),
        ("unexpected_answer", Endpoint.EXTENSION, Trouble.GARBAGE),
        ("unexpected_answer", Endpoint.SIP_PROVISION, "SPR-122"),
    ],
)
async def test_a_refusal_is_told_and_a_second_try_succeeds(
    hass: HomeAssistant, cloud: RingCentral, key: str, endpoint: Endpoint, fault: Fault
) -> None:
    flow = await Flow.start(hass)
    cloud.rest.fail_next(endpoint, fault)

    await flow.submit(cloud.app)
    assert (flow.result["step_id"], flow.errors) == ("ringcentral", {"base": key})
    assert suggested(flow.result["data_schema"]) == filled_in(cloud.app)

    await flow.submit(cloud.app)
    assert flow.result["step_id"] == "calls"
    await flow.submit(CALLS)
    assert flow.result["type"] is FlowResultType.CREATE_ENTRY
    await cloud.registered()


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("wrong_app", {"client_id": "somebody-else"}),
        ("wrong_app", {"client_secret": "wrong"}),
        ("wrong_jwt", {"jwt": "eyJ0"}),
        ("invalid_server", {"advanced": {"server": "platform.ringcentral.com"}}),
        ("invalid_server", {"advanced": {"server": "https://platform.ringcentral.com/restapi"}}),
        ("cannot_connect", {"advanced": {"server": f"http://127.0.0.1:{free_port()}"}}),
    ],
)
async def test_a_mistake_is_told_and_can_be_corrected(
    hass: HomeAssistant, cloud: RingCentral, key: str, changes: dict[str, Any]
) -> None:
    typed = cloud.app | changes
    flow = await Flow.start(hass)

    await flow.submit(typed)
    assert flow.errors == {"base": key}
    assert suggested(flow.result["data_schema"]) == filled_in(typed)

    await flow.submit(cloud.app)
    assert flow.result["step_id"] == "calls"


async def test_a_pause_that_ringcentral_asks_for_is_told_and_then_over(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    flow = await Flow.start(hass)
    cloud.rest.fail_next(Endpoint.EXTENSION, lambda: refusal(403, "CMN-301", **{"Retry-After": "1"}))

    await flow.submit(cloud.app)
    assert flow.errors == {"base": "rate_limited"}
    assert flow.result["description_placeholders"]["seconds"] == "1"

    await asyncio.sleep(1.0)
    await flow.submit(cloud.app)
    assert flow.result["step_id"] == "calls"


async def test_nothing_is_sent_while_ringcentral_wants_to_be_left_alone(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    flow = await Flow.start(hass)
    cloud.rest.fail_next(Endpoint.SIP_PROVISION, "CMN-301")
    await flow.submit(cloud.app)
    asked = len(cloud.rest.requests)

    await flow.submit(cloud.app)

    assert flow.errors == {"base": "rate_limited"}
    assert 50 < int(flow.result["description_placeholders"]["seconds"]) <= 60
    assert len(cloud.rest.requests) == asked


async def test_the_missing_permission_is_named(hass: HomeAssistant, cloud: RingCentral) -> None:
    cloud.rest.account.permissions = frozenset({"VoipCalling"})
    flow = await Flow.start(hass)

    await flow.submit(cloud.app)

    assert flow.errors == {"base": "missing_permission"}
    assert flow.result["description_placeholders"]["permission"] == "Read Accounts"


def test_every_error_has_a_text_and_every_text_an_error() -> None:
    registering = {
        *LOSSES.values(),
        *REFUSALS.values(),
        CERTIFICATE_AT_HOME,
        LOST,
        REFUSED,
        "invalid_address",
        "certificate_unreadable",
        *ENCRYPTION_ERRORS.values(),
    }
    choosing = {"phone_not_allowed"}
    assert {key for _, key in SIGN_IN_ERRORS} | registering | choosing == set(EN["config"]["error"])


async def test_an_extension_is_added_only_once(hass: HomeAssistant, line: Line) -> None:
    asked = len(line.cloud.rest.asked(Endpoint.SIP_PROVISION))
    flow = await Flow.start(hass)

    await flow.submit(line.cloud.app)

    assert (flow.result["type"], flow.result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert len(line.cloud.rest.asked(Endpoint.SIP_PROVISION)) == asked


async def test_an_extension_is_not_added_in_two_windows(hass: HomeAssistant, cloud: RingCentral) -> None:
    first, second = await Flow.start(hass), await Flow.start(hass)
    await first.submit(cloud.app)

    await second.submit(cloud.app)

    assert (second.result["type"], second.result["reason"]) == (FlowResultType.ABORT, "already_in_progress")


@pytest.mark.parametrize(
    "wrong", [{"answer_mode": "sing"}, {"answer_after": 121}, {"answer_after": -1}, {"longest_message": 5}]
)
async def test_what_makes_no_sense_is_not_accepted(
    hass: HomeAssistant, cloud: RingCentral, wrong: dict[str, Any]
) -> None:
    flow = await Flow.start(hass)
    await flow.submit(cloud.app)

    with pytest.raises(InvalidData):
        await flow.submit(CALLS | wrong)


# Signing in again


@pytest.fixture
async def reauth(hass: HomeAssistant, line: Line) -> Flow:
    """Return the form of a line whose JWT isn't accepted any more."""
    line.cloud.rest.account.jwt = "eyJuZXc"
    flow = Flow(hass, await line.entry.start_reauth_flow(hass))
    assert flow.result["step_id"] == "sign_in_again"
    return flow


def signed_in(line: Line) -> dict[str, str]:
    """Return what the form of signing in again asks for, as it is right now."""
    app = line.cloud.app
    return {key: app[key] for key in ("client_id", "client_secret", "jwt")}


async def test_signing_in_again_keeps_the_device_and_its_options(line: Line, reauth: Flow) -> None:
    options = dict(line.entry.options)
    assert suggested(reauth.result["data_schema"]) == {"client_id": line.cloud.rest.account.client_id}

    await reauth.submit(signed_in(line))

    assert (reauth.result["type"], reauth.result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    (device,) = line.cloud.rest.sip_accounts
    asked = line.cloud.rest.asked(Endpoint.SIP_PROVISION)[-1]
    assert asked.json["device"]["id"] == device.authorization_id
    assert line.entry.data["provision"]["device"] == {"id": device.authorization_id}
    assert (line.entry.data["jwt"], dict(line.entry.options)) == ("eyJuZXc", options)


async def test_signing_in_again_reloads_the_line(hass: HomeAssistant, line: Line, reauth: Flow) -> None:
    before = line.entry.runtime_data

    await reauth.submit(signed_in(line))
    await hass.async_block_till_done()

    assert line.entry.state is ConfigEntryState.LOADED
    assert line.entry.runtime_data is not before
    await until(lambda: line.registered)


async def test_signing_in_again_with_the_wrong_jwt_can_be_corrected(line: Line, reauth: Flow) -> None:
    typed = signed_in(line) | {"jwt": "eyJ0"}

    await reauth.submit(typed)
    assert reauth.errors == {"base": "wrong_jwt"}
    assert suggested(reauth.result["data_schema"]) == typed | {"transport": "automatic"}

    await reauth.submit(signed_in(line))
    assert reauth.result["reason"] == "reauth_successful"


async def test_signing_in_again_as_another_user_changes_nothing(line: Line, reauth: Flow) -> None:
    data = dict(line.entry.data)
    line.cloud.rest.account.extension_id = "802398804999"

    await reauth.submit(signed_in(line))

    assert (reauth.result["type"], reauth.result["reason"]) == (FlowResultType.ABORT, "unique_id_mismatch")
    assert dict(line.entry.data) == data


async def test_a_device_that_ringcentral_forgot_is_replaced(line: Line, reauth: Flow) -> None:
    forgotten = line.entry.data["provision"]["device"]["id"]
    line.cloud.rest.forget_devices()

    await reauth.submit(signed_in(line))

    assert reauth.result["reason"] == "reauth_successful"
    assert line.entry.data["provision"]["device"]["id"] != forgotten


async def test_a_dead_jwt_shows_up_as_a_flow_to_sign_in_again(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud)

    line.entry.async_start_reauth(hass)
    await hass.async_block_till_done()

    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert (flow["context"]["source"], flow["step_id"]) == (SOURCE_REAUTH, "sign_in_again")
