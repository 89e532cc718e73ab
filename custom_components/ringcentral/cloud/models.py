"""What RingCentral tells us, as values.

Each reads the JSON of the REST answer; `as_dict` writes the same shape back, so that what is kept reads like
what was received. The numbers and secrets among the fields stay out of every repr.
"""

from dataclasses import dataclass, field, replace
import re
from typing import Any, Final, Self

from .fields import TEXT_LIMIT, JsonObject, flag, items, obj, optional_text, optional_whole, text, whole

DEFAULT_SIP_ERROR_CODES: Final = (408, 502, 503, 504)
"""Taken when the answer lists none, as RingCentral's own web phone does."""

EXTENSION_ENABLED: Final = "Enabled"

TCP: Final = "TCP"
TLS: Final = "TLS"

HOST_AND_PORT: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):\d{1,5}", re.ASCII)
_ACCOUNT_IN_URI: Final = re.compile(r"/account/(\d{1,32})(?:/|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Extension:
    """The user the line belongs to.

    Attributes:
        id: never changes; fit for a unique id.
        status: `Enabled` when it can be used.
        main_number: the number others see for this user, in E.164, when its contact has one.
    """

    id: str
    account_id: str
    name: str
    extension_number: str | None = field(repr=False)
    status: str
    main_number: str | None = field(default=None, repr=False)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read the answer of `GET …/extension/~`. Raise ValueError when it isn't one."""
        answer = obj(data, "extension")
        contact = obj(answer.get("contact") or {}, "contact")
        return cls(
            id=text(answer, "id"),
            account_id=_account_id(answer),
            name=_display_name(answer),
            extension_number=optional_text(answer, "extensionNumber"),
            status=text(answer, "status"),
            main_number=optional_text(contact, "businessPhone"),
        )


@dataclass(frozen=True, slots=True)
class SipInfo:
    """One way to register the line.

    Attributes:
        outbound_proxy: `host:port`, where the connection goes; `domain` is only a name in SIP's URIs.
        switch_back_interval: seconds after which the primary proxy is tried again once the backup is in use.
            None: stay on the backup until provisioned anew.
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    authorization_id: str = field(repr=False)
    domain: str
    outbound_proxy: str
    outbound_proxy_backup: str | None = None
    outbound_proxy_ipv6: str | None = None
    outbound_proxy_ipv6_backup: str | None = None
    transport: str = TCP
    switch_back_interval: int | None = None

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read one element of `sipInfo`. Raise ValueError when it isn't one."""
        info = obj(data, "sipInfo")
        if not HOST_AND_PORT.fullmatch(text(info, "outboundProxy")):
            raise ValueError("outboundProxy is not host:port")
        return cls(
            username=text(info, "username"),
            password=text(info, "password"),
            authorization_id=text(info, "authorizationId"),
            domain=text(info, "domain"),
            outbound_proxy=text(info, "outboundProxy"),
            outbound_proxy_backup=optional_text(info, "outboundProxyBackup"),
            outbound_proxy_ipv6=optional_text(info, "outboundProxyIPv6"),
            outbound_proxy_ipv6_backup=optional_text(info, "outboundProxyIPv6Backup"),
            transport=optional_text(info, "transport") or TCP,
            switch_back_interval=_seconds(info, "switchBackInterval"),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON that `from_dict` reads."""
        return _without_none(
            {
                "username": self.username,
                "password": self.password,
                "authorizationId": self.authorization_id,
                "domain": self.domain,
                "outboundProxy": self.outbound_proxy,
                "outboundProxyBackup": self.outbound_proxy_backup,
                "outboundProxyIPv6": self.outbound_proxy_ipv6,
                "outboundProxyIPv6Backup": self.outbound_proxy_ipv6_backup,
                "transport": self.transport,
                "switchBackInterval": self.switch_back_interval,
            }
        )


@dataclass(frozen=True, slots=True)
class SipFlags:
    """What the account lets the line do, and the DSCP marks (0 to 63) it would like on packets."""

    voip_feature_enabled: bool = True
    voip_country_blocked: bool = False
    outbound_calls_enabled: bool = True
    dscp_enabled: bool = False
    dscp_signaling: int | None = None
    dscp_voice: int | None = None
    dscp_video: int | None = None

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read `sipFlags`; what it doesn't say is assumed to work. Raise ValueError when it isn't one."""
        flags = obj(data, "sipFlags")
        return cls(
            voip_feature_enabled=flag(flags, "voipFeatureEnabled", default=True),
            voip_country_blocked=flag(flags, "voipCountryBlocked", default=False),
            outbound_calls_enabled=flag(flags, "outboundCallsEnabled", default=True),
            dscp_enabled=flag(flags, "dscpEnabled", default=False),
            dscp_signaling=optional_whole(flags, "dscpSignaling"),
            dscp_voice=optional_whole(flags, "dscpVoice"),
            dscp_video=optional_whole(flags, "dscpVideo"),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON that `from_dict` reads."""
        return _without_none(
            {
                "voipFeatureEnabled": self.voip_feature_enabled,
                "voipCountryBlocked": self.voip_country_blocked,
                "outboundCallsEnabled": self.outbound_calls_enabled,
                "dscpEnabled": self.dscp_enabled,
                "dscpSignaling": self.dscp_signaling,
                "dscpVoice": self.dscp_voice,
                "dscpVideo": self.dscp_video,
            }
        )


@dataclass(frozen=True, slots=True)
class Provision:
    """A line: the device RingCentral made for it and how to register it. Lasts long; keep it.

    Attributes:
        device_id: send it back with the next provisioning, or another device is made.
        sip_info: never empty; the first is the one to use.
        sip_error_codes: SIP statuses that mean this proxy is bad and the backup should be used.
        polling_interval: seconds after which provisioning anew is suggested.
        existing: whether an administrator made the device; it is read then, not provisioned.
    """

    device_id: str = field(repr=False)
    sip_info: tuple[SipInfo, ...]
    sip_flags: SipFlags = SipFlags()
    sip_error_codes: tuple[int, ...] = DEFAULT_SIP_ERROR_CODES
    polling_interval: int | None = None
    existing: bool = False

    @property
    def encrypted(self) -> bool:
        """Whether the way to use is TLS."""
        return self.sip_info[0].transport == TLS

    def over(self, *transports: str) -> Self:
        """Return the same with only the ways over these transports, the first of them first.

        Raises:
            ValueError: there is none.
        """
        ways = tuple(
            info for transport in transports for info in self.sip_info if info.transport == transport
        )
        if not ways:
            raise ValueError("sipInfo has no entry for a transport that was asked for")
        return replace(self, sip_info=ways)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read a provisioning answer or what `as_dict` wrote.

        Ways to register without a password (bearer token only) are left out.

        Raises:
            ValueError: when `data` is anything else, or offers no way to register with a password.
        """
        answer = obj(data, "provision")
        offered = [obj(item, "sipInfo") for item in items(answer, "sipInfo")]
        usable = tuple(SipInfo.from_dict(info) for info in offered if info.get("password"))
        if not usable:
            raise ValueError("sipInfo has no entry with a password")
        codes = tuple(whole(code, "sipErrorCodes") for code in items(answer, "sipErrorCodes"))
        if not all(300 <= code <= 699 for code in codes):
            raise ValueError("sipErrorCodes has a number that is no SIP failure")
        device = obj(answer.get("device"), "device")
        return cls(
            device_id=text(device, "id"),
            sip_info=usable,
            sip_flags=SipFlags.from_dict(answer.get("sipFlags") or {}),
            sip_error_codes=codes or DEFAULT_SIP_ERROR_CODES,
            polling_interval=_seconds(answer, "pollingInterval"),
            existing=flag(device, "existing", default=False),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON that `from_dict` reads."""
        return _without_none(
            {
                "device": {"id": self.device_id} | ({"existing": True} if self.existing else {}),
                "sipInfo": [info.as_dict() for info in self.sip_info],
                "sipFlags": self.sip_flags.as_dict(),
                "sipErrorCodes": [str(code) for code in self.sip_error_codes],
                "pollingInterval": self.polling_interval,
            }
        )


def _account_id(answer: JsonObject) -> str:
    account = obj(answer.get("account") or {}, "account")
    if (account_id := optional_text(account, "id")) is not None:
        return account_id
    # Some answers name the account in their own address only.
    if match := _ACCOUNT_IN_URI.search(optional_text(answer, "uri") or ""):
        return match[1]
    raise ValueError("account is missing")


def _display_name(answer: JsonObject) -> str:
    name = answer.get("name")
    if not isinstance(name, str):
        return ""
    return "".join(filter(str.isprintable, name)).strip()[:TEXT_LIMIT]


def _seconds(parent: JsonObject, key: str) -> int | None:
    seconds = optional_whole(parent, key)
    return seconds if seconds is not None and seconds > 0 else None


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
