"""The phones of one RingCentral extension, and what registers them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import secrets
from typing import Any, Final

from .paging import page_of
from .refusals import Refused, need
from .user import Account, SipAccount

_FLAGS: Final = {"voipFeatureEnabled": True, "voipCountryBlocked": False, "outboundCallsEnabled": True}
_DSCP: Final = {"dscpEnabled": True, "dscpSignaling": 26, "dscpVoice": 46, "dscpVideo": 34}
_TRANSPORTS: Final = frozenset({"UDP", "TCP", "TLS", "WSS"})


@dataclass(frozen=True, slots=True)
class Proxies:
    """Where a transport is served, as `host:port`, and where when that fails."""

    first: str
    backup: str | None = None


class Devices:
    """What sip-provision made, which no list shows, and what an administrator made."""

    def __init__(self, account: Account, on_device: Callable[[SipAccount], None]) -> None:
        """Begin with none; `on_device` is told of every new one."""
        self._account = account
        self._on_device = on_device
        self._listed: dict[str, dict[str, Any]] = {}
        self.provisioned: dict[str, SipAccount] = {}
        self.existing: dict[str, SipAccount] = {}

    def add_existing(self, name: str, number: str) -> SipAccount:
        """Make an Existing Phone with a direct number, in E.164."""
        device_id = str(802398900000 + len(self._listed))
        device = SipAccount(
            username=number.removeprefix("+"),
            authorization_id=str(802512300000 + len(self._listed)),
            password=secrets.token_urlsafe(9),
            domain=self._account.sip_domain,
            provisioned=False,
        )
        self.existing[device_id] = device
        self.show("OtherPhone", name, number, device_id)
        self._on_device(device)
        return device

    def show(self, kind: str, name: str, number: str, device_id: str | None = None) -> None:
        """Let the list show a device of any type."""
        device_id = device_id or str(802398900000 + len(self._listed))
        self._listed[device_id] = {
            "id": device_id,
            "type": kind,
            "name": name,
            "status": "Offline",
            "extension": {"id": int(self._account.extension_id)},
            "phoneLines": [
                {"lineType": "Standalone", "phoneInfo": {"phoneNumber": number, "type": "VoiceFax"}}
            ],
        }

    def page(self, query: Mapping[str, str], uri: str) -> dict[str, Any]:
        """Return a page of the device list; raises Refused."""
        need("ReadUserDevices", self._account.user_permissions)
        return page_of(list(self._listed.values()), query, uri)

    def sip_info(self, device_id: str, proxies: list[dict[str, str]]) -> dict[str, Any]:
        """Return the answer of a device's sip-info; the name of its user is spelled another way there."""
        need("ReadCompanyDevices", self._account.user_permissions)
        if device_id not in self.existing:
            raise Refused("CMN-102")
        device = self.existing[device_id]
        return {
            "domain": device.domain,
            "outboundProxies": proxies,
            "userName": device.username,
            "password": device.password,
            "authorizationId": device.authorization_id,
        }

    def provision(self, body: Any, proxies: Mapping[str, Proxies]) -> dict[str, Any]:
        """Return the answer of sip-provision, with those of the transports asked for that there are; raises Refused."""
        transports = [info.get("transport") for info in body.get("sipInfo", [])]
        asked = body.get("device", {})
        name = asked.get("computerName")
        if (
            not transports
            or not _TRANSPORTS.issuperset(transports)
            or (not name and not {"TCP", "TLS"}.isdisjoint(transports))
        ):
            raise Refused("CMN-101")
        served = [(transport, proxies[transport]) for transport in transports if transport in proxies]
        if not served:
            raise Refused("CMN-101")
        device_id = self._device_id(asked.get("id"))
        device = self.provisioned[device_id]
        info = {
            "username": device.username,
            "password": device.password,
            "authorizationTypes": ["SipDigest"],
            "authorizationId": device.authorization_id,
            "domain": device.domain,
            "switchBackInterval": self._account.switch_back_interval,
        }
        return {
            "device": {"id": device_id, "type": "SoftPhone", "status": "Offline", "computerName": name},
            "sipInfo": [
                {
                    **info,
                    "transport": transport,
                    "outboundProxy": where.first,
                    **({"outboundProxyBackup": where.backup} if where.backup else {}),
                }
                for transport, where in served
            ],
            "sipFlags": {**_FLAGS, **_DSCP},
            "sipErrorCodes": ["408", "503", "502", "504"],
            "pollingInterval": 7200,
        }

    def _device_id(self, device_id: str | None) -> str:
        """Return a known device's id, or that of a new device when none is named."""
        if device_id is None:
            device_id = str(802398804016 + secrets.randbelow(10**11))
            username = f"{self._account.main_number.removeprefix('+')}*{self._account.extension_number}"
            device = SipAccount(username, device_id, secrets.token_urlsafe(9), self._account.sip_domain)
            self.provisioned[device_id] = device
            self._on_device(device)
        elif len(device_id) > 38:
            raise Refused("SPR-114")
        elif not device_id.isdigit():
            raise Refused("SPR-118")
        elif device_id not in self.provisioned:
            raise Refused("CMN-102")
        return device_id
