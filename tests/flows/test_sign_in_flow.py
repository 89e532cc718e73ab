"""Adding and changing lines by signing in to RingCentral, and choosing which phone to be."""

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState, ConfigFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.ringcentral.const import DOMAIN
from simulator.registrar import RegisterFault
from simulator.rest import Endpoint, Fault
from simulator.ringcentral import RingCentral
from tests.browser import CALLBACK, Browser
from tests.flow import CALLS, Flow
from tests.line import Line, set_up_line, until


@pytest.fixture
async def line(browser: Browser) -> Line:
    """Return a line of somebody who signed in in the browser."""
    return await browser.add_line()


def labels(flow: Flow) -> list[str]:
    """Return the phones a form offers."""
    (selector,) = flow.result["data_schema"].schema.values()
    return [option["label"] for option in selector.config["options"]]


# In the browser


async def test_a_line_is_added_by_signing_in_in_the_browser(hass: HomeAssistant, browser: Browser) -> None:
    flow = await Flow.start(hass, "browser")
    asked = URL(flow.result["url"]).query
    assert (asked["redirect_uri"], asked["code_challenge_method"]) == (CALLBACK, "S256")

    await browser.sign_in(flow)
    assert flow.result["step_id"] == "calls"
    assert flow.result["description_placeholders"] == {"line": "Reception (115)"}
    await flow.submit(CALLS)

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert (entry.title, entry.unique_id) == ("Reception", "802398804-802398804016")
    assert entry.data.keys() == {"source", "auth_implementation", "token", "provision"}
    assert entry.data["token"].keys() == {"access_token", "refresh_token", "expires_in", "expires_at"}
    await browser.cloud.registered()
    (request,) = browser.cloud.rest.asked(Endpoint.TOKEN)
    assert request.headers["Authorization"].startswith("Basic ")
    assert request.form.keys() == {"grant_type", "code", "redirect_uri", "code_verifier"}
    assert len(browser.cloud.rest.sessions) == 1


async def test_without_an_app_one_is_asked_for(
    hass: HomeAssistant, cloud: RingCentral, current_request_with_host: None
) -> None:
    flow = await Flow.start(hass, "browser")

    assert (flow.result["type"], flow.result["reason"]) == (FlowResultType.ABORT, "missing_credentials")


async def test_of_several_apps_one_is_chosen(hass: HomeAssistant, browser: Browser) -> None:
    await browser.enter_app("another", "another-app")
    flow = await Flow.start(hass, "browser")
    assert flow.result["step_id"] == "pick_implementation"

    await flow.submit({"implementation": "app"})
    await browser.sign_in(flow)

    assert flow.result["step_id"] == "calls"


async def test_who_says_no_at_ringcentral_adds_nothing(hass: HomeAssistant, browser: Browser) -> None:
    browser.cloud.rest.account.consents = False
    flow = await Flow.start(hass, "browser")

    await browser.sign_in(flow)

    assert (flow.result["type"], flow.result["reason"]) == (FlowResultType.ABORT, "user_rejected_authorize")


@pytest.mark.parametrize(
    ("fault", "reason"), [("OAU-140", "oauth_unauthorized"), ("CMN-203", "oauth_failed")]
)
async def test_a_code_that_is_refused_ends_the_flow(
    hass: HomeAssistant, browser: Browser, fault: Fault, reason: str
) -> None:
    browser.cloud.rest.fail_next(Endpoint.TOKEN, fault)
    flow = await Flow.start(hass, "browser")

    await browser.sign_in(flow)

    assert (flow.result["type"], flow.result["reason"]) == (FlowResultType.ABORT, reason)


async def test_an_app_that_cannot_stay_signed_in_is_told_how_to(
    hass: HomeAssistant, browser: Browser
) -> None:
    browser.cloud.rest.account.refresh_tokens = False
    flow = await Flow.start(hass, "browser")

    await browser.sign_in(flow)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert (flow.result["type"], flow.result["reason"]) == (FlowResultType.ABORT, "no_refresh_token")
    assert len(browser.cloud.rest.sessions) == 0


@pytest.mark.parametrize(
    ("endpoint", "fault", "key"),
    [
        (Endpoint.EXTENSION, "CMN-203", "cannot_connect"),
        (Endpoint.DEVICES, "CMN-203", "cannot_connect"),
        (Endpoint.SIP_PROVISION, "CMN-401", "missing_permission"),
        (Endpoint.EXTENSION, "OAU-213", "session_ended"),
    ],
)
async def test_what_fails_after_signing_in_is_told_and_tried_again(
    hass: HomeAssistant, browser: Browser, endpoint: Endpoint, fault: Fault, key: str
) -> None:
    browser.cloud.rest.fail_next(endpoint, fault)
    flow = await Flow.start(hass, "browser")

    await browser.sign_in(flow)
    assert (flow.result["step_id"], flow.errors) == ("signed_in", {"base": key})

    await flow.submit({})
    assert flow.result["step_id"] == "calls"


async def test_a_phone_that_could_not_register_is_tried_again(hass: HomeAssistant, browser: Browser) -> None:
    browser.cloud.sip.faults.register = RegisterFault.WRONG_PASSWORD
    flow = await Flow.start(hass, "browser")
    await browser.sign_in(flow)
    assert (flow.result["step_id"], flow.errors) == ("signed_in", {"base": "wrong_password"})

    browser.cloud.sip.faults.register = None
    await flow.submit({})

    assert flow.result["step_id"] == "calls"
    assert len(browser.cloud.rest.sip_accounts) == 1


async def test_a_dialog_that_is_closed_signs_out(hass: HomeAssistant, browser: Browser) -> None:
    flow = await Flow.start(hass, "browser")
    await browser.sign_in(flow)
    assert len(browser.cloud.rest.sessions) == 1

    hass.config_entries.flow.async_abort(flow.result["flow_id"])
    await hass.async_block_till_done(wait_background_tasks=True)

    assert len(browser.cloud.rest.sessions) == 0


# Which phone


async def start(hass: HomeAssistant, cloud: RingCentral) -> Flow:
    """Sign in with a JWT."""
    flow = await Flow.start(hass)
    await flow.submit(cloud.app)
    return flow


async def test_an_existing_phone_is_chosen_by_name_and_last_digits(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    cloud.rest.devices.show("HardPhone", "Desk", "+16505550100")
    device = cloud.rest.devices.add_existing("Front door", "+16505550123")
    (device_id,) = cloud.rest.devices.existing
    flow = await start(hass, cloud)
    assert (flow.result["step_id"], labels(flow)) == ("phone", ["new", "Front door (…0123)"])

    await flow.submit({"phone": device_id})
    assert flow.result["description_placeholders"] == {"line": "Front door"}
    await flow.submit(CALLS)

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert (entry.title, entry.unique_id) == ("Front door", f"802398804-802398804016-{device_id}")
    assert entry.data["provision"]["device"] == {"id": device_id, "existing": True}
    assert entry.data["provision"]["sipInfo"][0]["authorizationId"] == device.authorization_id
    assert cloud.rest.asked(Endpoint.SIP_PROVISION) == []
    await cloud.registered()
    assert len(cloud.rest.sessions) == 0


async def test_a_new_phone_is_the_first_choice(hass: HomeAssistant, cloud: RingCentral) -> None:
    cloud.rest.devices.add_existing("", "+16505550123")
    flow = await start(hass, cloud)
    assert labels(flow) == ["new", "Existing Phone (…0123)"]

    await flow.submit({})
    await flow.submit(CALLS)

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.unique_id == "802398804-802398804016"
    assert entry.title == "Reception"


async def test_existing_phones_are_offered_after_the_browser_too(
    hass: HomeAssistant, browser: Browser
) -> None:
    browser.cloud.rest.devices.add_existing("Front door", "+16505550123")
    (device_id,) = browser.cloud.rest.devices.existing
    flow = await Flow.start(hass, "browser")
    await browser.sign_in(flow)

    await flow.submit({"phone": device_id})
    await flow.submit(CALLS)

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.data["source"] == "browser"
    assert len(browser.cloud.rest.sessions) == 1


async def test_who_may_not_see_devices_gets_a_new_phone(hass: HomeAssistant, cloud: RingCentral) -> None:
    cloud.rest.devices.add_existing("Front door", "+16505550123")
    cloud.rest.account.user_permissions = frozenset()

    flow = await start(hass, cloud)

    assert flow.result["step_id"] == "calls"


@pytest.mark.parametrize(
    ("choice", "endpoint", "fault", "errors"),
    [
        ("existing", Endpoint.SIP_INFO, "CMN-408", {"phone": "phone_not_allowed"}),
        ("existing", Endpoint.SIP_INFO, "CMN-203", {"base": "cannot_connect"}),
        ("new", Endpoint.SIP_PROVISION, "CMN-401", {"base": "missing_permission"}),
    ],
)
async def test_a_phone_that_cannot_be_had_is_told_and_another_chosen(
    hass: HomeAssistant,
    cloud: RingCentral,
    choice: str,
    endpoint: Endpoint,
    fault: Fault,
    errors: dict[str, str],
) -> None:
    cloud.rest.devices.add_existing("Front door", "+16505550123")
    (device_id,) = cloud.rest.devices.existing
    flow = await start(hass, cloud)
    cloud.rest.fail_next(endpoint, fault)

    await flow.submit({"phone": {"new": "new", "existing": device_id}[choice]})
    assert (flow.result["step_id"], flow.errors) == ("phone", errors)

    await flow.submit({"phone": "new"})
    assert flow.result["step_id"] == "calls"


async def test_a_phone_that_is_a_line_is_not_offered(hass: HomeAssistant, cloud: RingCentral) -> None:
    cloud.rest.devices.add_existing("Front door", "+16505550123")
    cloud.rest.devices.add_existing("Garage", "+16505550124")
    await set_up_line(hass, cloud)
    flow = await start(hass, cloud)
    assert labels(flow) == ["Front door (…0123)", "Garage (…0124)"]

    await flow.submit({})
    await flow.submit(CALLS)

    assert labels(await start(hass, cloud)) == ["Garage (…0124)"]


async def test_a_phone_that_was_set_up_by_hand_is_refused_with_the_lines_name(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    device = cloud.rest.devices.add_existing("Front door", "+16505550123")
    (device_id,) = cloud.rest.devices.existing
    data = {
        "source": "device",
        "domain": device.domain.upper(),
        "authorization_id": device.authorization_id,
    }
    MockConfigEntry(domain=DOMAIN, title="The door", data=data).add_to_hass(hass)
    flow = await start(hass, cloud)

    await flow.submit({"phone": device_id})

    assert (flow.result["type"], flow.result["reason"]) == (FlowResultType.ABORT, "already_configured_device")
    assert flow.result["description_placeholders"] == {"line": "The door"}


async def test_an_existing_phone_cannot_be_added_by_hand_again(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    device = cloud.rest.devices.add_existing("Front door", "+16505550123")
    (device_id,) = cloud.rest.devices.existing
    first = await start(hass, cloud)
    await first.submit({"phone": device_id})
    await first.submit(CALLS)
    second = await Flow.start(hass, "device")

    await second.submit(
        {
            "domain": device.domain,
            "proxy": cloud.rest.sip_proxy,
            "username": device.username,
            "password": device.password,
            "authorization_id": device.authorization_id,
            "transport": "tcp",
        }
    )

    assert (second.result["reason"], second.result["description_placeholders"]) == (
        "already_configured_device",
        {"line": "Front door"},
    )


async def test_signing_in_again_keeps_an_existing_phone(hass: HomeAssistant, cloud: RingCentral) -> None:
    cloud.rest.devices.add_existing("Front door", "+16505550123")
    (device_id,) = cloud.rest.devices.existing
    flow = await start(hass, cloud)
    await flow.submit({"phone": device_id})
    await flow.submit(CALLS)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    cloud.rest.account.jwt = "eyJuZXc"
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_REAUTH, "entry_id": entry.entry_id}, data=dict(entry.data)
    )
    again = Flow(hass, result)

    typed = {key: cloud.app[key] for key in ("client_id", "client_secret", "jwt")}
    await again.submit(typed)

    assert again.result["reason"] == "reauth_successful"
    assert entry.data["provision"]["device"] == {"id": device_id, "existing": True}
    assert cloud.rest.asked(Endpoint.SIP_PROVISION) == []


# Again, in the browser


async def change(hass: HomeAssistant, line: Line, way: str = SOURCE_REAUTH) -> Flow:
    """Begin to change a line."""
    context = ConfigFlowContext(source=way, entry_id=line.entry.entry_id)
    flow = Flow(
        hass, await hass.config_entries.flow.async_init(DOMAIN, context=context, data=dict(line.entry.data))
    )
    assert flow.result["step_id"] == "browser_again"
    await flow.submit({})
    return flow


@pytest.mark.parametrize("way", ["reauth", "reconfigure"])
async def test_signing_in_again_keeps_the_device_and_takes_the_new_session(
    hass: HomeAssistant, browser: Browser, line: Line, way: str
) -> None:
    before = dict(line.entry.data)
    flow = await change(hass, line, way)

    await browser.sign_in(flow)
    await hass.async_block_till_done()

    assert flow.result["reason"] == f"{way}_successful"
    assert line.entry.data["provision"]["device"] == before["provision"]["device"]
    assert line.entry.data["token"] != before["token"]
    assert line.entry.state is ConfigEntryState.LOADED
    await until(lambda: line.registered)


@pytest.mark.parametrize("way", ["reauth", "reconfigure"])
async def test_another_user_changes_nothing(
    hass: HomeAssistant, browser: Browser, line: Line, way: str
) -> None:
    data = dict(line.entry.data)
    browser.cloud.rest.account.extension_id = "802398804999"
    flow = await change(hass, line, way)

    await browser.sign_in(flow)

    assert flow.result["reason"] == "unique_id_mismatch"
    assert dict(line.entry.data) == data
