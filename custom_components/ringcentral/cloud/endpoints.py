"""The REST resources we use."""

from dataclasses import dataclass, field, replace
from typing import Final, Self

USUAL_BODY: Final = 256 * 1024
"""Bytes. A provisioning answer has about 4 KiB."""

LONG_BODY: Final = 4 * 1024 * 1024
"""Bytes of a page of records; each has about 1 KiB, and there are at most a thousand."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One resource: its method, its path with a name for what is secret in it, and the app permission it asks for.

    Attributes:
        query: what is asked of it, as it stands behind the path's question mark.
        longest: bytes that its answer may have.
    """

    method: str
    path: str
    permission: str | None = None
    id: str = field(default="", repr=False)
    query: str = ""
    longest: int = USUAL_BODY

    @property
    def target(self) -> str:
        """The path that is asked for, and what is asked of it."""
        path = self.path.format(id=self.id)
        return f"{path}?{self.query}" if self.query else path

    def of(self, resource_id: str) -> Self:
        """Return the resource of one of several."""
        return replace(self, id=resource_id)

    def page(self, number: int, size: int) -> Self:
        """Return one page, counted from 1, of a list with so many records to a page."""
        return replace(self, query=f"page={number}&perPage={size}", longest=LONG_BODY)


AUTHORIZE: Final = Endpoint("GET", "/restapi/oauth/authorize")
TOKEN: Final = Endpoint("POST", "/restapi/oauth/token")
REVOKE: Final = Endpoint("POST", "/restapi/oauth/revoke")
EXTENSION: Final = Endpoint("GET", "/restapi/v1.0/account/~/extension/~", "ReadAccounts")
DEVICES: Final = Endpoint("GET", "/restapi/v1.0/account/~/extension/~/device", "ReadAccounts")
SIP_INFO: Final = Endpoint("GET", "/restapi/v1.0/account/~/device/{id}/sip-info", "ReadAccounts")
SIP_PROVISION: Final = Endpoint("POST", "/restapi/v1.0/client-info/sip-provision", "VoipCalling")
CONTACTS: Final = Endpoint("GET", "/restapi/v1.0/account/~/extension/~/address-book/contact", "ReadContacts")

_BLOCKED: Final = "/restapi/v1.0/account/~/extension/~/caller-blocking/phone-numbers"
BLOCKED_NUMBERS: Final = Endpoint("GET", _BLOCKED, "ReadAccounts")
BLOCK_NUMBER: Final = Endpoint("POST", _BLOCKED, "EditExtensions")
UNBLOCK_NUMBER: Final = Endpoint("DELETE", _BLOCKED + "/{id}", "EditExtensions")
