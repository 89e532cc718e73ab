"""What only a person can mend, as entries of Home Assistant's repairs; each goes by itself once it is mended.

Being signed out isn't among them: Home Assistant makes that entry when signing in again is asked for.
"""

from enum import StrEnum
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .account.permissions import console_name
from .account.sources import Source
from .cloud import FeatureUnavailable, MissingPermission, RingCentralError
from .const import CONF_SOURCE, DOMAIN
from .softphone import (
    Call,
    CallChanged,
    CallEnded,
    Cause,
    Direction,
    EndReason,
    LineLost,
    PhoneEvent,
    Registered,
    RegistrationRefused,
    Unregistered,
    ViaRewritten,
)

LEARN_MORE: Final = (
    "https://github.com/ringcentral-homeassistant/ringcentral-homeassistant"
    "/blob/main/docs/connections.md#what-repairs-says"
)


class Issue(StrEnum):
    """What can be the matter; also the beginning of its texts' key."""

    BLOCKING_NOT_ALLOWED = "blocking_not_allowed"
    CALL_LOG_NOT_ALLOWED = "call_log_not_allowed"
    CERTIFICATE_INVALID = "certificate_invalid"
    FEATURE_UNAVAILABLE = "feature_unavailable"
    MISSING_PERMISSION = "missing_permission"
    NO_CODEC = "no_codec"
    SIP_ALG = "sip_alg"
    SPEECH_TO_TEXT_MISSING = "speech_to_text_missing"
    SRTP_REQUIRED = "srtp_required"
    TOO_MANY_DEVICES = "too_many_devices"
    VOICEMAIL_NOT_ALLOWED = "voicemail_not_allowed"


# A line can be called all the same.
_NOT_ALLOWED: Final = frozenset(
    {Issue.BLOCKING_NOT_ALLOWED, Issue.CALL_LOG_NOT_ALLOWED, Issue.VOICEMAIL_NOT_ALLOWED}
)
_WARNINGS: Final = _NOT_ALLOWED | {
    Issue.NO_CODEC,
    Issue.SIP_ALG,
    Issue.SPEECH_TO_TEXT_MISSING,
    Issue.SRTP_REQUIRED,
}
# What a call that could not be taken says about the server; one that can be taken takes it back.
_UNTAKEN: Final = {EndReason.NO_CODEC: Issue.NO_CODEC, EndReason.SRTP_REQUIRED: Issue.SRTP_REQUIRED}
_PROVISIONING: Final = (Issue.FEATURE_UNAVAILABLE, Issue.MISSING_PERMISSION)
_TOO_MANY_CONTACTS: Final = 603


class LineIssues:
    """The entries of one line."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin with none."""
        self._hass = hass
        self._entry = entry
        self._via_rewritten = False

    def follow(self, event: PhoneEvent) -> None:
        """Take note of what happened on the line."""
        match event:
            case RegistrationRefused(status) if status == _TOO_MANY_CONTACTS:
                self._report(Issue.TOO_MANY_DEVICES)
            case ViaRewritten():
                self._via_rewritten = True
                self._report(Issue.SIP_ALG)
            case LineLost() | Unregistered():
                # The next connection may take another way.
                self._via_rewritten = False
                if isinstance(event, LineLost) and event.cause is Cause.TLS_CERTIFICATE:
                    self._report(Issue.CERTIFICATE_INVALID, server=event.proxy.host, reason=event.reason)
            case Registered():
                kept = {
                    *_NOT_ALLOWED,
                    Issue.SPEECH_TO_TEXT_MISSING,
                    *_UNTAKEN.values(),
                    *({Issue.SIP_ALG} if self._via_rewritten else ()),
                }
                self.clear(*(set(Issue) - kept))
            case CallEnded(Call(direction=Direction.INCOMING), reason=reason) if reason in _UNTAKEN:
                self._report(_UNTAKEN[reason])
            case CallChanged(Call(direction=Direction.INCOMING)):
                self.clear(*_UNTAKEN.values())

    def provisioned(self) -> None:
        """Take note that RingCentral gave new credentials."""
        self.clear(*_PROVISIONING)

    def provisioning_failed(self, error: RingCentralError | ValueError) -> None:
        """Take note of why RingCentral gave no new credentials."""
        match error:
            case MissingPermission():
                self._report(Issue.MISSING_PERMISSION, permission=console_name(error.permission))
            case FeatureUnavailable():
                self._report(Issue.FEATURE_UNAVAILABLE, code=error.error_code or "403")

    def blocking_failed(self, error: RingCentralError) -> None:
        """Take note of why RingCentral doesn't block who is blocked here."""
        self.not_allowed(Issue.BLOCKING_NOT_ALLOWED, error)

    def not_allowed(self, issue: Issue, error: RingCentralError) -> None:
        """Take note of why RingCentral doesn't do something that was chosen, where the app lacks a permission for it."""
        if isinstance(error, MissingPermission):
            self._report(issue, permission=console_name(error.permission))

    def blocking_works(self) -> None:
        """Take note that RingCentral blocks who is blocked here, or that nobody wants it to."""
        self.clear(Issue.BLOCKING_NOT_ALLOWED)

    def engine_missing(self, engine: str) -> None:
        """Take note that Home Assistant hasn't got the speech-to-text engine that was chosen."""
        self._report(Issue.SPEECH_TO_TEXT_MISSING, engine=engine)

    def engine_found(self) -> None:
        """Take note that it has, or that none is chosen."""
        self.clear(Issue.SPEECH_TO_TEXT_MISSING)

    def clear(self, *issues: Issue) -> None:
        """Take away what is mended."""
        for issue in issues:
            ir.async_delete_issue(self._hass, DOMAIN, self._id(issue))

    def _report(self, issue: Issue, **placeholders: str) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._id(issue),
            is_fixable=False,
            learn_more_url=LEARN_MORE,
            severity=ir.IssueSeverity.WARNING if issue in _WARNINGS else ir.IssueSeverity.ERROR,
            translation_key=self._text(issue),
            translation_placeholders={"line": self._entry.title, **placeholders},
        )

    def _text(self, issue: Issue) -> str:
        # Nobody can renew RingCentral's certificates, nor vouch for them.
        at_ringcentral = self._entry.data[CONF_SOURCE] != Source.SIP
        return f"{issue}_at_ringcentral" if at_ringcentral and issue is Issue.CERTIFICATE_INVALID else issue

    def _id(self, issue: Issue) -> str:
        return f"{issue}_{self._entry.entry_id}"
