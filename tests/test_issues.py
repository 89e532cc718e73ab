from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ringcentral.account.sources import Source
from custom_components.ringcentral.cloud import (
    FeatureUnavailable,
    MissingPermission,
    RingCentralError,
    Unreachable,
)
from custom_components.ringcentral.const import CONF_SOURCE, DOMAIN
from custom_components.ringcentral.issues import Issue, LineIssues
from custom_components.ringcentral.softphone import (
    Call,
    CallChanged,
    CallEnded,
    CallState,
    Cause,
    Direction,
    EndReason,
    LineLost,
    Outcome,
    Party,
    PhoneEvent,
    Proxy,
    Registered,
    RegistrationRefused,
    Unregistered,
    ViaRewritten,
)
from simulator.dialect import Dialect
from simulator.registrar import RegisterFault
from simulator.rest import Endpoint
from simulator.ringcentral import RingCentral

from .line import Line, add_line, until
from .translations import EN

UP = Registered(60.0)
LOST = LineLost("the connection was closed", 2.0, Cause.CLOSED, Proxy("sip.example.com", 5090))
EXPIRED = LineLost(
    "the server's certificate is not valid: certificate has expired",
    2.0,
    Cause.TLS_CERTIFICATE,
    Proxy("sip.example.com", 5061),
)
CALL = Call("of-anna", Direction.INCOMING, Party("+16505550142"), Party("+17203861294"), CallState.RINGING)
RINGING = CallChanged(CALL)
NO_CODEC = CallEnded(CALL, Outcome.MISSED, EndReason.NO_CODEC)
IN_THE_CLEAR = CallEnded(CALL, Outcome.MISSED, EndReason.SRTP_REQUIRED)
MISSED = CallEnded(CALL, Outcome.MISSED, EndReason.CANCELLED)
FULL = RegistrationRefused(603, "Too Many Contacts", 75.0)


@pytest.fixture
def issues(hass: HomeAssistant) -> LineIssues:
    data = {CONF_SOURCE: Source.SIP}
    return LineIssues(hass, MockConfigEntry(domain=DOMAIN, title="Reception", entry_id="abc", data=data))


def open_issues(hass: HomeAssistant, domain: str = DOMAIN) -> dict[str, ir.IssueEntry]:
    """Return the open entries by their texts' key."""
    found = [entry for entry in ir.async_get(hass).issues.values() if entry.domain == domain and entry.active]
    return {str(entry.translation_key): entry for entry in found}


@pytest.mark.parametrize(
    ("events", "left"),
    [
        ([], set()),
        ([FULL], {"too_many_devices"}),
        ([FULL, LOST], {"too_many_devices"}),
        ([FULL, LOST, UP], set()),
        ([RegistrationRefused(403, "Forbidden", 120.0)], set()),
        ([ViaRewritten()], {"sip_alg"}),
        ([ViaRewritten(), UP, UP], {"sip_alg"}),
        ([ViaRewritten(), UP, LOST], {"sip_alg"}),
        ([ViaRewritten(), UP, LOST, UP], set()),
        ([ViaRewritten(), UP, Unregistered(), UP], set()),
        ([ViaRewritten(), UP, LOST, ViaRewritten(), UP], {"sip_alg"}),
        ([FULL, ViaRewritten(), UP], {"sip_alg"}),
        ([EXPIRED], {"certificate_invalid"}),
        ([EXPIRED, LOST], {"certificate_invalid"}),
        ([EXPIRED, UP], set()),
        ([MISSED], set()),
        ([NO_CODEC], {"no_codec"}),
        ([NO_CODEC, LOST, UP], {"no_codec"}),
        ([NO_CODEC, RINGING], set()),
        ([IN_THE_CLEAR, UP], {"srtp_required"}),
        ([IN_THE_CLEAR, NO_CODEC, RINGING], set()),
    ],
)
def test_an_entry_is_there_as_long_as_it_is_so(
    hass: HomeAssistant, issues: LineIssues, events: list[PhoneEvent], left: set[str]
) -> None:
    for event in events:
        issues.follow(event)

    assert set(open_issues(hass)) == left


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (MissingPermission(permission="VoipCalling"), {"missing_permission": {"permission": "VoIP Calling"}}),
        (MissingPermission(permission=None), {"missing_permission": {"permission": "VoIP Calling"}}),
        (FeatureUnavailable(error_code="BIL-103"), {"feature_unavailable": {"code": "BIL-103"}}),
        (FeatureUnavailable(), {"feature_unavailable": {"code": "403"}}),
        (Unreachable(), {}),
    ],
)
def test_what_ringcentral_does_not_allow_is_told_until_the_line_is_back(
    hass: HomeAssistant, issues: LineIssues, error: RingCentralError, left: Mapping[str, Mapping[str, Any]]
) -> None:
    issues.provisioning_failed(error)
    found = {key: entry.translation_placeholders for key, entry in open_issues(hass).items()}
    assert found == {key: {"line": "Reception", **values} for key, values in left.items()}

    issues.follow(UP)
    assert open_issues(hass) == {}


def test_what_ringcentral_allows_again_is_told_no_more(hass: HomeAssistant, issues: LineIssues) -> None:
    issues.follow(FULL)
    issues.provisioning_failed(MissingPermission(permission="VoipCalling"))
    issues.provisioned()
    assert set(open_issues(hass)) == {"too_many_devices"}


def test_each_entry_has_words_for_what_it_tells(hass: HomeAssistant, issues: LineIssues) -> None:
    for event in (FULL, ViaRewritten(), EXPIRED, NO_CODEC, IN_THE_CLEAR):
        issues.follow(event)
    issues.provisioning_failed(MissingPermission(permission="VoipCalling"))
    issues.provisioning_failed(FeatureUnavailable(error_code="BIL-103"))
    issues.blocking_failed(MissingPermission(permission="EditExtensions"))
    issues.engine_missing("stt.whisper")
    for issue in (Issue.CALL_LOG_NOT_ALLOWED, Issue.VOICEMAIL_NOT_ALLOWED):
        issues.not_allowed(issue, MissingPermission(permission="ReadMessages"))

    at_ringcentral = MockConfigEntry(
        domain=DOMAIN, title="Reception", entry_id="def", data={CONF_SOURCE: Source.BROWSER}
    )
    LineIssues(hass, at_ringcentral).follow(EXPIRED)

    found = open_issues(hass)
    of_lines = {
        key
        for key, texts in EN["issues"].items()
        if "description" in texts and not key.startswith("library_")
    }
    assert set(found) == {*Issue, "certificate_invalid_at_ringcentral"} == of_lines
    for key, entry in found.items():
        assert entry.translation_placeholders is not None
        texts = [text.format_map(entry.translation_placeholders) for text in EN["issues"][key].values()]
        assert "Reception" in texts[0]
        assert not entry.is_fixable
    warnings = {key for key, entry in found.items() if entry.severity is ir.IssueSeverity.WARNING}
    refused = {"blocking_not_allowed", "call_log_not_allowed", "voicemail_not_allowed"}
    assert warnings == refused | {"sip_alg", "no_codec", "speech_to_text_missing", "srtp_required"}


async def test_a_full_extension_is_told_and_forgotten_when_the_line_is_unloaded(
    hass: HomeAssistant, cloud: RingCentral
) -> None:
    cloud.sip.faults.register = RegisterFault.TOO_MANY_CONTACTS
    entry = await add_line(hass, cloud)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: "too_many_devices" in open_issues(hass))

    assert await hass.config_entries.async_unload(entry.entry_id)
    assert open_issues(hass) == {}


@pytest.mark.parametrize(
    ("code", "issue"), [("CMN-401", "missing_permission"), ("SPR-101", "feature_unavailable")]
)
async def test_new_credentials_that_ringcentral_does_not_give_are_told(
    hass: HomeAssistant, line: Line, code: str, issue: str
) -> None:
    line.cloud.rest.fail_next(Endpoint.SIP_PROVISION, code)
    line.entry.runtime_data._phone_event(RegistrationRefused(403, "Forbidden", 120.0))
    await until(lambda: issue in open_issues(hass))

    line.entry.runtime_data._phone_event(UP)
    assert open_issues(hass) == {}


async def test_a_line_that_is_signed_out_asks_for_it_once(hass: HomeAssistant, line: Line) -> None:
    line.cloud.rest.account.jwt = "eyJuZXc"
    line.cloud.rest.end_sessions()
    line.entry.runtime_data._phone_event(RegistrationRefused(403, "Forbidden", 120.0))
    await until(lambda: "config_entry_reauth" in open_issues(hass, "homeassistant"))

    assert open_issues(hass) == {}
    assert line.state("sensor", "line_status").state == "signed_out"
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    hass.config_entries.flow.async_abort(flow["flow_id"])
    assert open_issues(hass, "homeassistant") == {}


async def test_a_call_in_a_format_nobody_here_speaks_is_missed_and_the_reason_told(
    hass: HomeAssistant, line: Line
) -> None:
    call = await line.cloud.call(dialect=Dialect(codecs="9 18 101"))
    missed = await line.told("missed")
    assert (missed["end_reason"], call.outcome) == ("no_codec", "refused: 488")
    assert set(open_issues(hass)) == {"no_codec"}

    await line.call()
    assert open_issues(hass) == {}
