"""The forms for accounts that are typed in: a RingCentral device, and what each kind of SIP server needs of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..account.sources import (
    RINGCENTRAL_PORTS,
    SIP_PORTS,
    Source,
    account_of,
    certificates_in,
    with_port,
    without_port,
)
from ..const import (
    CONF_AUTHORIZATION_ID,
    CONF_CA,
    CONF_DOMAIN,
    CONF_PRESET,
    CONF_PROXY,
    CONF_SOURCE,
    CONF_TRANSPORT,
    CONF_VERIFY,
)
from ..softphone import Proxy, Transport
from .config_forms import SECTION_ADVANCED, flat

_DOCS: Final = "https://github.com/ringcentral-homeassistant/ringcentral-homeassistant/blob/main/docs/"
GUIDE: Final = f"{_DOCS}connections.md"


class Preset(StrEnum):
    """The kinds of SIP server that have a form of their own; also the steps of the flow's menu of them."""

    ASTERISK = "asterisk"
    FRITZBOX = "fritzbox"
    THREE_CX = "3cx"
    SIPGATE = "sipgate"
    OTHER = "other"


class UnusableAccountError(ValueError):
    """What was typed makes no account; `key` names the reason for translations."""

    def __init__(self, key: str) -> None:
        """Note the reason."""
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class AccountForm:
    """One form.

    Attributes:
        schema: what it asks for.
        identity: what it needn't ask, because it follows from which form it is.
        ports: the port of an address that comes without, for each transport the form offers.
        has_proxy: whether the proxy isn't usually the server itself, so that both are shown in any case.
        guide: the page that tells more.
    """

    schema: vol.Schema
    identity: Mapping[str, Any]
    ports: Mapping[Transport, int]
    has_proxy: bool = False
    guide: str = GUIDE

    def data(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a configuration entry keeps of what was typed; raises UnusableAccountError."""
        typed = {**self.identity, **flat(user_input)}
        address, username = typed[CONF_DOMAIN], typed[CONF_USERNAME]
        port = self.ports[Transport(typed[CONF_TRANSPORT])]
        try:
            data = {
                **self.identity,
                CONF_DOMAIN: without_port(address),
                CONF_PROXY: with_port(typed.get(CONF_PROXY) or address, port),
                CONF_USERNAME: username,
                CONF_PASSWORD: typed[CONF_PASSWORD],
                CONF_AUTHORIZATION_ID: typed.get(CONF_AUTHORIZATION_ID) or username,
                CONF_TRANSPORT: typed[CONF_TRANSPORT],
                CONF_VERIFY: typed.get(CONF_VERIFY, True),
            }
            account_of(data)
        except ValueError as error:
            raise UnusableAccountError("invalid_address") from error
        if authority := typed.get(CONF_CA):
            try:
                data[CONF_CA] = certificates_in(authority)
            except ValueError as error:
                raise UnusableAccountError("certificate_unreadable") from error
        return data

    def typed(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return what has to be typed for an entry's data: the form is shown with it when the line is changed.

        A port that goes without saying is left out, so that it changes with the transport.
        """
        proxy = Proxy.parse(data[CONF_PROXY])
        usual = self.ports[Transport(data[CONF_TRANSPORT])] == proxy.port
        address = data[CONF_PROXY].rpartition(":")[0] if usual else data[CONF_PROXY]
        values = dict(data)
        if self.has_proxy or without_port(address) != data[CONF_DOMAIN]:
            values[CONF_PROXY] = address
        else:
            values[CONF_DOMAIN] = address
            del values[CONF_PROXY]
        # What isn't asked at the top may be left open, and is then the user name, whatever that becomes.
        asked = CONF_AUTHORIZATION_ID in self.schema.schema
        if not asked and values[CONF_AUTHORIZATION_ID] == values[CONF_USERNAME]:
            del values[CONF_AUTHORIZATION_ID]
        return _arranged(self.schema, values)


def _arranged(schema: vol.Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values a form asks for, those of its section within it."""
    arranged: dict[str, Any] = {}
    for key, value in schema.schema.items():
        if isinstance(value, section):
            arranged[key] = _arranged(value.schema, values)
        elif key in values:
            arranged[key] = values[key]
    return arranged


_PASSWORD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_LINES: Final = TextSelector(TextSelectorConfig(multiline=True))


def _transport(default: Transport, offered: Iterable[Transport] = tuple(Transport)) -> dict[Any, Any]:
    config = SelectSelectorConfig(
        options=[transport.value for transport in offered],
        mode=SelectSelectorMode.DROPDOWN,
        translation_key=CONF_TRANSPORT,
    )
    return {vol.Required(CONF_TRANSPORT, default=default.value): SelectSelector(config)}


# Whom to believe on TLS; for servers that may have made their certificate themselves.
_TRUST: Final = {
    vol.Optional(CONF_CA): _LINES,
    vol.Required(CONF_VERIFY, default=True): BooleanSelector(),
}


def _sip_form(
    preset: Preset,
    fields: Mapping[Any, Any],
    advanced: Mapping[Any, Any],
    *,
    domain: str | None = None,
    guide: str = GUIDE,
) -> AccountForm:
    """Return the form of a kind of server; `domain` is that of a provider that has but one, behind a proxy."""
    identity = {CONF_SOURCE: Source.SIP, CONF_PRESET: preset}
    folded = section(vol.Schema(dict(advanced)), {"collapsed": True})
    return AccountForm(
        vol.Schema({**fields, vol.Required(SECTION_ADVANCED): folded}),
        identity if domain is None else {**identity, CONF_DOMAIN: domain},
        SIP_PORTS,
        has_proxy=domain is not None,
        guide=guide,
    )


DEVICE_FORM: Final = AccountForm(
    vol.Schema(
        {
            vol.Required(CONF_DOMAIN, default="sip.ringcentral.com"): TextSelector(),
            vol.Required(CONF_PROXY): TextSelector(),
            vol.Required(CONF_USERNAME): TextSelector(),
            vol.Required(CONF_PASSWORD): _PASSWORD,
            vol.Required(CONF_AUTHORIZATION_ID): TextSelector(),
            **_transport(Transport.TLS, RINGCENTRAL_PORTS),
        }
    ),
    {CONF_SOURCE: Source.DEVICE},
    RINGCENTRAL_PORTS,
    has_proxy=True,
)

PRESET_FORMS: Final[Mapping[Preset, AccountForm]] = {
    Preset.ASTERISK: _sip_form(
        Preset.ASTERISK,
        {
            vol.Required(CONF_DOMAIN): TextSelector(),
            vol.Required(CONF_USERNAME): TextSelector(),
            vol.Required(CONF_PASSWORD): _PASSWORD,
            **_transport(Transport.TCP),
        },
        {vol.Optional(CONF_AUTHORIZATION_ID): TextSelector(), **_TRUST},
        guide=f"{_DOCS}connections-asterisk.md",
    ),
    Preset.FRITZBOX: _sip_form(
        Preset.FRITZBOX,
        {
            vol.Required(CONF_DOMAIN, default="fritz.box"): TextSelector(),
            vol.Required(CONF_USERNAME): TextSelector(),
            vol.Required(CONF_PASSWORD): _PASSWORD,
        },
        # Its maker's manual names TCP and UDP.
        _transport(Transport.TCP, (other for other in Transport if other is not Transport.TLS)),
        guide=f"{_DOCS}connections-fritzbox.md",
    ),
    Preset.THREE_CX: _sip_form(
        Preset.THREE_CX,
        {
            vol.Required(CONF_DOMAIN): TextSelector(),
            vol.Required(CONF_USERNAME): TextSelector(),
            vol.Required(CONF_AUTHORIZATION_ID): TextSelector(),
            vol.Required(CONF_PASSWORD): _PASSWORD,
        },
        {**_transport(Transport.TCP), **_TRUST},
    ),
    Preset.SIPGATE: _sip_form(
        Preset.SIPGATE,
        {
            vol.Required(CONF_USERNAME): TextSelector(),
            vol.Required(CONF_PASSWORD): _PASSWORD,
        },
        # The host named as the domain is reported to take UDP only.
        {vol.Required(CONF_PROXY, default="sip.sipgate.de"): TextSelector(), **_transport(Transport.TCP)},
        domain="sipgate.de",
    ),
    Preset.OTHER: _sip_form(
        Preset.OTHER,
        {
            vol.Required(CONF_DOMAIN): TextSelector(),
            vol.Required(CONF_USERNAME): TextSelector(),
            vol.Required(CONF_PASSWORD): _PASSWORD,
        },
        {
            vol.Optional(CONF_AUTHORIZATION_ID): TextSelector(),
            vol.Optional(CONF_PROXY): TextSelector(),
            **_transport(Transport.TCP),
            **_TRUST,
        },
    ),
}


def form_of(data: Mapping[str, Any]) -> tuple[str, AccountForm]:
    """Return the step and the form that an entry's typed-in account came from."""
    if data[CONF_SOURCE] == Source.DEVICE:
        return Source.DEVICE, DEVICE_FORM
    preset = Preset(data.get(CONF_PRESET, Preset.OTHER))
    return preset, PRESET_FORMS[preset]
