"""Lines of somebody signed in to RingCentral: encrypted where that is offered, unless the user declines."""

from pathlib import Path
import ssl
from typing import Any, cast

from homeassistant.config_entries import ConfigFlowContext
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ringcentral.calls import line_test
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.softphone import Cause, LineLost, Proxy, RegistrationRefused
from simulator.clip import check_clip
from simulator.home import free_port
from simulator.rest import Endpoint
from simulator.ringcentral import RingCentral
from simulator.services import Kind

from .authority import Authority
from .browser import Browser
from .flow import CALLS, Flow
from .line import ANNA, Line, set_up_line, until

MACHINE = CALLS | {"answer_after": 0}
PLAIN = {"transport": "tcp"}


@pytest.fixture(scope="module", name="authority")
def fixture_authority() -> Authority:
    return Authority()


@pytest.fixture
def tls(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    """Have RingCentral's SIP server offer TLS."""
    return authority.server(tmp_path)


@pytest.fixture
def believed(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everybody believe its certificate."""
    context = ssl.create_default_context(cadata=authority.certificate)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    monkeypatch.setattr("custom_components.ringcentral.account.sources.client_context", lambda: context)


@pytest.fixture
def mistrusted(hass: HomeAssistant) -> None:
    """Have nobody believe it; that the server's side of it fails too is the server's concern."""
    hass.loop.set_exception_handler(lambda loop, context: None)


def plain(app: dict[str, Any]) -> dict[str, Any]:
    """Return what is typed by who declines encryption."""
    return app | {"advanced": app["advanced"] | PLAIN}


def transports(cloud: RingCentral) -> list[list[str]]:
    """Return the transports that each provisioning asked for."""
    requests = cloud.rest.asked(Endpoint.SIP_PROVISION)
    return [[info["transport"] for info in request.json["sipInfo"]] for request in requests]


def fields(flow: Flow) -> list[str]:
    return [str(key) for key in flow.result["data_schema"].schema]


def choice(flow: Flow) -> str:
    """Return what a form has chosen already."""
    return str(next(key.default() for key in flow.result["data_schema"].schema if key == "transport"))


async def added(hass: HomeAssistant, cloud: RingCentral, flow: Flow, way: str) -> Line:
    """Add the line at the end of a flow, and wait until it is registered over a transport."""
    assert flow.result["step_id"] == {"tls": "calls_encrypted", "tcp": "calls"}[way]
    await flow.submit(MACHINE)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    line = Line(hass, cloud, cast(MockConfigEntry, entry))
    await until(lambda: line.registered)
    assert (
        line.entry.runtime_data.data.proxy
        == {"tls": cloud.rest.sip_proxy_tls, "tcp": cloud.rest.sip_proxy}[way]
    )
    return line


async def change(hass: HomeAssistant, line: Line, way: str = "reconfigure") -> Flow:
    context = ConfigFlowContext(source=way, entry_id=line.entry.entry_id)
    return Flow(
        hass, await hass.config_entries.flow.async_init(DOMAIN, context=context, data=dict(line.entry.data))
    )


async def registered_over(line: Line, proxy: str | None) -> None:
    """Wait until the line is registered there; it may be reloading."""
    await line.hass.async_block_till_done()
    await until(lambda: line.registered and line.entry.runtime_data.data.proxy == proxy)


# Encrypted, and nobody was asked


@pytest.mark.usefixtures("believed")
async def test_from_signing_in_to_the_clip_nothing_goes_in_the_clear(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    flow = await Flow.start(hass)
    await flow.submit(cloud.app)
    line = await added(hass, cloud, flow, "tls")
    assert "transport" not in line.entry.data

    call = await cloud.call(ANNA)
    await line.told("recording_saved")

    (path,) = line.clips
    assert check_clip(path.read_bytes(), call)
    assert call.voice.heard != []
    messages = [message.text for message in line.entry.runtime_data.history.trace.messages]
    assert any("RTP/SAVP" in text for text in messages)
    assert not any("RTP/AVP" in text for text in messages)


@pytest.mark.usefixtures("believed")
async def test_a_test_number_is_called_over_srtp(
    hass: HomeAssistant, cloud: RingCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_test, "SHORTEST", 2.5)
    await cloud.sip.serve("*43", Kind.ECHO)
    line = await set_up_line(hass, cloud, test_number="*43")

    await hass.services.async_call(
        "button", "press", {"entity_id": "button.reception_test_the_line"}, blocking=True
    )

    assert line.state("sensor", "last_test").state == "both_ways"
    (sound,) = line.entry.runtime_data.history.sounds
    assert sound.statistics.received > 0


@pytest.mark.usefixtures("believed")
async def test_who_signs_in_in_the_browser_is_encrypted_too(
    hass: HomeAssistant, cloud: RingCentral, browser: Browser
) -> None:
    flow = await Flow.start(hass, "browser")
    await browser.sign_in(flow)

    await added(hass, cloud, flow, "tls")


@pytest.mark.usefixtures("believed")
async def test_an_existing_phone_is_encrypted(hass: HomeAssistant, cloud: RingCentral) -> None:
    cloud.rest.devices.add_existing("Front door", "+16505550123")
    (device_id,) = cloud.rest.devices.existing
    flow = await Flow.start(hass)
    await flow.submit(cloud.app)
    assert fields(flow) == ["phone"]
    await flow.submit({"phone": device_id})

    await added(hass, cloud, flow, "tls")


async def test_a_service_that_refuses_to_be_asked_for_tls_has_a_plain_line(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    cloud.rest.fail_next(Endpoint.SIP_PROVISION, "CMN-101", times=2)
    flow = await Flow.start(hass)
    await flow.submit(cloud.app)

    await added(hass, cloud, flow, "tcp")
    assert transports(cloud) == [["TLS", "TCP"], ["TLS"], ["TCP"]]


# Declined


async def test_who_declines_encryption_has_a_plain_line_that_stays_so(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    flow = await Flow.start(hass)
    await flow.submit(plain(cloud.app))
    line = await added(hass, cloud, flow, "tcp")
    assert line.entry.data["transport"] == "tcp"

    cloud.sip.notify(cloud.sip.accounts[-1])
    await until(lambda: len(transports(cloud)) == 2)

    assert transports(cloud) == [["TCP"], ["TCP"]]
    assert line.entry.data["transport"] == "tcp"
    assert line.entry.runtime_data.data.proxy == cloud.rest.sip_proxy


@pytest.mark.usefixtures("believed")
async def test_the_choice_can_be_changed_both_ways(hass: HomeAssistant, cloud: RingCentral) -> None:
    flow = await Flow.start(hass)
    await flow.submit(cloud.app)
    line = await added(hass, cloud, flow, "tls")
    typed = {key: cloud.app[key] for key in ("client_id", "client_secret", "jwt")}

    flow = await change(hass, line)
    assert choice(flow) == "automatic"
    await flow.submit(typed | PLAIN)
    assert flow.result["reason"] == "reconfigure_successful"
    await registered_over(line, cloud.rest.sip_proxy)

    flow = await change(hass, line)
    assert choice(flow) == "tcp"
    await flow.submit(typed | {"transport": "automatic"})
    await registered_over(line, cloud.rest.sip_proxy_tls)
    assert "transport" not in line.entry.data


@pytest.mark.usefixtures("believed")
async def test_the_choice_can_be_changed_in_the_browser(
    hass: HomeAssistant, cloud: RingCentral, browser: Browser
) -> None:
    line = await browser.add_line()

    flow = await change(hass, line)
    await flow.submit(PLAIN)
    await browser.sign_in(flow)

    assert flow.result["reason"] == "reconfigure_successful"
    await registered_over(line, cloud.rest.sip_proxy)
    flow = await change(hass, line)
    assert choice(flow) == "tcp"


async def test_a_choice_made_before_holds_for_the_phone_that_is_chosen_then(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    cloud.rest.devices.add_existing("Front door", "+16505550123")
    (device_id,) = cloud.rest.devices.existing
    flow = await Flow.start(hass)
    await flow.submit(plain(cloud.app))
    assert choice(flow) == "tcp"

    await flow.submit({"phone": device_id})

    await added(hass, cloud, flow, "tcp")


# In the way


@pytest.mark.usefixtures("mistrusted")
@pytest.mark.parametrize(
    ("dead", "key"),
    [(False, "encryption_not_trusted"), (True, "encryption_failed")],
    ids=["certificate", "port"],
)
async def test_what_is_in_the_way_is_told_and_only_the_user_gives_encryption_up(
    hass: HomeAssistant, cloud: RingCentral, dead: bool, key: str
) -> None:
    if dead:
        cloud.rest.sip_proxy_tls = f"127.0.0.1:{free_port()}"
    flow = await Flow.start(hass)

    await flow.submit(cloud.app)
    assert (flow.result["step_id"], flow.errors) == ("ringcentral", {"base": key})
    assert transports(cloud) == [["TLS", "TCP"]]

    await flow.submit(plain(cloud.app))
    await added(hass, cloud, flow, "tcp")
    assert len(cloud.rest.sip_accounts) == 1


@pytest.mark.usefixtures("mistrusted")
async def test_after_the_browser_the_form_offers_to_go_without(
    hass: HomeAssistant, cloud: RingCentral, browser: Browser
) -> None:
    flow = await Flow.start(hass, "browser")
    await browser.sign_in(flow)
    assert (flow.result["step_id"], flow.errors) == ("signed_in", {"base": "encryption_not_trusted"})
    assert fields(flow) == ["transport"]

    await flow.submit({"transport": "automatic"})
    assert flow.errors == {"base": "encryption_not_trusted"}

    await flow.submit(PLAIN)
    line = await added(hass, cloud, flow, "tcp")
    assert line.entry.data["transport"] == "tcp"


@pytest.mark.usefixtures("mistrusted")
async def test_an_existing_phone_can_go_without(hass: HomeAssistant, cloud: RingCentral) -> None:
    cloud.rest.devices.add_existing("Front door", "+16505550123")
    (device_id,) = cloud.rest.devices.existing
    flow = await Flow.start(hass)
    await flow.submit(cloud.app)

    await flow.submit({"phone": device_id})
    assert (flow.result["step_id"], flow.errors) == ("phone", {"base": "encryption_not_trusted"})
    assert fields(flow) == ["phone", "transport"]

    await flow.submit({"phone": device_id} | PLAIN)
    await added(hass, cloud, flow, "tcp")


async def test_other_trouble_of_the_telephone_is_told_as_ever(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    cloud.rest.sip_proxy = f"127.0.0.1:{free_port()}"
    flow = await Flow.start(hass)

    await flow.submit(plain(cloud.app))

    assert flow.errors == {"base": "nothing_listens"}


@pytest.mark.usefixtures("believed")
async def test_encryption_that_is_withdrawn_is_given_up_by_the_user_only(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud)
    await registered_over(line, cloud.rest.sip_proxy_tls)
    cloud.rest.sip_proxy_tls = None
    before = dict(line.entry.data)
    cloud.sip.notify(cloud.sip.accounts[-1])
    await until(lambda: len(line.entry.runtime_data.history.provisionings) == 1)
    assert line.entry.runtime_data.history.provisionings[0].outcome == "failed: EncryptionWithdrawn"
    assert dict(line.entry.data) == before

    flow = await change(hass, line)
    typed = {key: cloud.app[key] for key in ("client_id", "client_secret", "jwt")}
    await flow.submit(typed)
    assert flow.errors == {"base": "encryption_withdrawn"}

    await flow.submit(typed | PLAIN)
    await registered_over(line, cloud.rest.sip_proxy)


@pytest.mark.usefixtures("believed")
async def test_a_line_that_could_only_go_on_in_the_clear_asks_the_user(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    line = await set_up_line(hass, cloud)
    cloud.rest.sip_proxy_tls = None

    line.entry.runtime_data._phone_event(LineLost("gone", 1.0, Cause.CLOSED, Proxy("127.0.0.1", 5096)))
    line.entry.runtime_data._phone_event(RegistrationRefused(403, "Forbidden", 120.0))
    await until(lambda: hass.config_entries.flow.async_progress_by_handler(DOMAIN) != [])

    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["step_id"] == "sign_in_again"
    assert line.entry.data["provision"]["sipInfo"][0]["transport"] == "TLS"
