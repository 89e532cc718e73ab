"""A whole life of a line with debug logging on, and nothing in what is shown that nobody may see."""

from dataclasses import replace
import json
import logging
from typing import Any

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.json import JSONEncoder
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import get_system_health_info
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral import diagnostics
from custom_components.ringcentral.cloud.answer import Answer
from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.softphone.redaction import Redactor
from simulator.caller import Step
from simulator.clip import check_clip
from simulator.dialect import Dialect
from simulator.digest import Scheme
from simulator.gate import Gate
from simulator.leaks import Secret, leaks
from simulator.registrar import RegisterFault
from simulator.rest import Account as User
from simulator.ringcentral import RingCentral

from .flow import CALLS, Flow
from .line import ANNA, LISTENER, Line, until

pytestmark = pytest.mark.usefixtures("entity_registry_enabled_by_default")

OLD_JWT = User().jwt
NEW_JWT = "eyJraWQiOiJuZXcifQ.eyJzdWIiOiJuZXcifQ.bmV3"
# What such a life makes for its silence to mean anything, and what is to be read all the same.
SECRETS = {
    "a JWT", "a SIP password", "a caller's name", "a client secret", "a digest cnonce", "a digest response",
    "a number", "a user name", "an SRTP key", "an access token", "an authorization id", "what a request proves itself with",
}  # fmt: skip
READ = {
    "the log": (
        "sent REGISTER sip:", "response=***", "cnonce=***", "received INVITE sip:", "***42@", "Signing in failed", "SHA1_80 ***",
        "SIP/2.0 603", "SIP/2.0 403", "is lost and will be back", "is back", "POST /restapi/oauth/token",
    ),
    "the diagnostics of a line that is well": ("INVITE sip:", "response=***", "***17@", '"received":'),
    "the diagnostics of a line that is signed out": ("signed_out", "SIP/2.0 403"),
    "the system health of a line that is well": ("1 of 1",),
    "the states of a line that is signed out": ("signed_out",),
    "the repairs of a line that is one too many": ("too_many_devices",),
    "the repairs of a line that is signed out": ("config_entry_reauth",),
}  # fmt: skip


@pytest.fixture
def gate() -> Gate:
    """Listen in."""
    return Gate()


class Life:
    """What a person does and suffers with a line; what is shown meanwhile is kept by its place."""

    def __init__(self, hass: HomeAssistant, cloud: RingCentral, client: ClientSessionGenerator) -> None:
        self.hass, self.cloud = hass, cloud
        self.shown: dict[str, str] = {}
        self._client = client

    async def lead(self) -> None:
        """Live it from the beginning to the end."""
        line = await self._added()
        await self._called(line)
        await self._look(line, "of a line that is well")
        await self._turned_away(line)
        await self._signed_out(line)
        await self._look(line, "of a line that is back")

    async def _added(self) -> Line:
        """Add a line through the flow, with a wrong JWT at first."""
        flow = await Flow.start(self.hass)
        await flow.submit(self.cloud.app | {"jwt": "eyJ3cm9uZw"})
        assert flow.errors == {"base": "wrong_jwt"}
        await flow.submit(self.cloud.app)
        entry = (await flow.submit(CALLS | {"answer_after": 0}))["result"]
        line = Line(self.hass, self.cloud, entry)
        await until(lambda: line.registered)
        return line

    async def _called(self, line: Line) -> None:
        """Have a message left over SRTP, and one more through a lost connection."""
        secure = await line.call(ANNA, dialect=Dialect(secure=True))
        await line.told("recording_saved")
        assert check_clip(line.clips[0].read_bytes(), secure)
        call = await line.call(LISTENER)
        await line.has_recorded(2)
        await line.lose()
        await until(lambda: call.events[-1][1] == "back")
        self.cloud.sip.do(call, Step.HANG_UP)
        await line.told("recording_saved", 2)

    async def _turned_away(self, line: Line) -> None:
        """Have one device too many."""
        self.cloud.sip.faults.register = RegisterFault.TOO_MANY_CONTACTS
        self.cloud.sip.drop()
        await until(lambda: line.state("sensor", "line_status").state == "too_many_devices")
        await self._look(line, "of a line that is one too many")
        self.cloud.sip.faults.register = None

    async def _signed_out(self, line: Line) -> None:
        """Be refused by the server and by RingCentral, and sign in again."""
        (account,) = self.cloud.sip.accounts
        user = self.cloud.rest.account
        self.cloud.sip.exchange.replace(replace(account, password="changed-by-somebody"))
        user.jwt = NEW_JWT
        self.cloud.rest.end_sessions()
        await self.hass.config_entries.async_reload(line.entry.entry_id)
        await until(lambda: line.state("sensor", "line_status").state == "signed_out")
        await self._look(line, "of a line that is signed out")
        self.cloud.sip.exchange.replace(replace(account, scheme=Scheme.QOP))
        await self.hass.async_block_till_done()
        (started,) = self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        flow = Flow(self.hass, await self.hass.config_entries.flow.async_configure(started["flow_id"]))
        await flow.submit({key: self.cloud.app[key] for key in ("client_id", "client_secret", "jwt")})
        assert flow.result["reason"] == "reauth_successful"
        await self.hass.async_block_till_done()
        await until(lambda: line.registered)

    async def _look(self, line: Line, when: str) -> None:
        """Keep what anybody may be shown."""
        diagnostics = await get_diagnostics_for_config_entry(self.hass, self._client, line.entry)
        health = await get_system_health_info(self.hass, DOMAIN)
        health["can_reach_server"] = await health["can_reach_server"]
        registry = er.async_get(self.hass)
        states = [
            self.hass.states.get(entity.entity_id).as_dict()  # type: ignore[union-attr]  # enabled, all of them
            for entity in er.async_entries_for_config_entry(registry, line.entry.entry_id)
            if entity.entity_category is EntityCategory.DIAGNOSTIC
        ]
        repairs = [
            [issue.domain, issue.translation_key, issue.translation_placeholders]
            for issue in ir.async_get(self.hass).issues.values()
        ]
        assert len(states) == 8
        self.shown |= {
            f"the diagnostics {when}": json.dumps(diagnostics, indent=1),
            f"the system health {when}": json.dumps(health),
            f"the states {when}": json.dumps(states, indent=1, cls=JSONEncoder),
            f"the repairs {when}": json.dumps(repairs),
        }


@pytest.fixture
async def life(
    hass: HomeAssistant,
    cloud: RingCentral,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> Life:
    """Return a life that is yet to be led, with every word of the integration in the log."""
    caplog.set_level(logging.DEBUG, "custom_components.ringcentral")
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    return Life(hass, cloud, hass_client)


async def test_nothing_secret_is_ever_shown(life: Life, caplog: pytest.LogCaptureFixture) -> None:
    await life.lead()
    life.shown["the log"] = caplog.text
    secrets = life.cloud.secrets | {Secret("a JWT", OLD_JWT)}

    assert leaks(life.shown, secrets) == []
    # It isn't for want of secrets, nor of anything to be read.
    assert {secret.what for secret in secrets} == SECRETS
    for place, texts in READ.items():
        assert [text for text in texts if text not in life.shown[place]] == []


@pytest.mark.parametrize(
    ("hole", "found"),
    [
        (
            (Redactor, "redact", lambda _, message: message.encode().decode()),
            {
                "a caller's name", "a digest cnonce", "a digest response", "a number", "a user name",
                "an SRTP key",
"an authorization id",
},
),
(
(diagnostics, "TO_REDACT", frozenset[str]()),
            {"a JWT", "a SIP password", "a client secret", "a number", "a user name", "an authorization id"},
        ),
        (
            (Answer, "error_code", property(lambda answer: str(answer.document))),
            {
                "a SIP password", "a number", "a user name", "an access token", "an authorization id",
                "what a request proves itself with",
            },
        ),
    ],
    ids=["messages", "diagnostics", "answers"],
)  # fmt: skip
async def test_a_hole_is_found_out(
    life: Life,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    hole: tuple[Any, str, Any],
    found: set[str],
) -> None:
    monkeypatch.setattr(*hole)
    await life.lead()
    life.shown["the log"] = caplog.text

    leaked = {text.partition(" in the ")[0] for text in leaks(life.shown, life.cloud.secrets)}
    assert leaked == found
