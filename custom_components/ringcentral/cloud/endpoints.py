"""The REST resources we use."""

from dataclasses import dataclass, field, replace
from typing import Final, Self


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One resource: its method, its path with a name for what is secret in it, and the app permission it asks for."""

    method: str
    path: str
    permission: str | None = None
    device_id: str = field(default="", repr=False)

    @property
    def target(self) -> str:
        """The path that is asked for."""
        return self.path.format(device_id=self.device_id)

    def of(self, device_id: str) -> Self:
        """Return the resource of one device."""
        return replace(self, device_id=device_id)


AUTHORIZE: Final = Endpoint("GET", "/restapi/oauth/authorize")
TOKEN: Final = Endpoint("POST", "/restapi/oauth/token")
REVOKE: Final = Endpoint("POST", "/restapi/oauth/revoke")
EXTENSION: Final = Endpoint("GET", "/restapi/v1.0/account/~/extension/~", "ReadAccounts")
DEVICES: Final = Endpoint("GET", "/restapi/v1.0/account/~/extension/~/device", "ReadAccounts")
SIP_INFO: Final = Endpoint("GET", "/restapi/v1.0/account/~/device/{device_id}/sip-info", "ReadAccounts")
SIP_PROVISION: Final = Endpoint("POST", "/restapi/v1.0/client-info/sip-provision", "VoipCalling")
