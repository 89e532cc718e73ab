"""The REST resources we use."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One resource: its method, its path, and the app permission it asks for."""

    method: str
    path: str
    permission: str | None = None


TOKEN: Final = Endpoint("POST", "/restapi/oauth/token")
REVOKE: Final = Endpoint("POST", "/restapi/oauth/revoke")
EXTENSION: Final = Endpoint("GET", "/restapi/v1.0/account/~/extension/~", "ReadAccounts")
SIP_PROVISION: Final = Endpoint("POST", "/restapi/v1.0/client-info/sip-provision", "VoipCalling")
