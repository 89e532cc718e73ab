"""The REST resources we use."""

from dataclasses import dataclass, field, replace
from typing import Final, Self
from urllib.parse import urlencode

JSON: Final = "application/json"

USUAL_BODY: Final = 256 * 1024
"""Bytes. A provisioning answer has about 4 KiB."""

LONG_BODY: Final = 4 * 1024 * 1024
"""Bytes of a page of records; each has about 1 KiB, and there are at most a thousand."""

LONG_SOUND: Final = 32 * 1024 * 1024
"""Bytes of a message that somebody has left: half an hour as the longest of its formats."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One resource: its method, its path with a name for what is secret in it, and the app permission it asks for.

    Attributes:
        query: what is asked of it, as it stands behind the path's question mark.
        longest: bytes that its answer may have.
        address: where it is in full, for what RingCentral keeps elsewhere; it has ids in it.
        accept: the media type of its answer. What isn't JSON is handed on as it comes.
    """

    method: str
    path: str
    permission: str | None = None
    id: str = field(default="", repr=False)
    query: str = ""
    longest: int = USUAL_BODY
    address: str = field(default="", repr=False)
    accept: str = JSON

    @property
    def target(self) -> str:
        """The path that is asked for, and what is asked of it."""
        path = self.path.format(id=self.id)
        return f"{path}?{self.query}" if self.query else path

    def of(self, resource_id: str) -> Self:
        """Return the resource of one of several."""
        return replace(self, id=resource_id)

    def at(self, address: str) -> Self:
        """Return the resource that RingCentral said is there."""
        return replace(self, address=address)

    def asked(self, **query: str) -> Self:
        """Return the resource with what is asked of it."""
        return replace(self, query=urlencode(query))

    def page(self, number: int, size: int) -> Self:
        """Return one page, counted from 1, of a list with so many records to a page."""
        asked = f"{self.query}&" if self.query else ""
        return replace(self, query=f"{asked}page={number}&perPage={size}", longest=LONG_BODY)


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

_MESSAGES: Final = "/restapi/v1.0/account/~/extension/~/message-store"
MESSAGES: Final = Endpoint("GET", _MESSAGES, "ReadMessages")
MESSAGE_CONTENT: Final = Endpoint(
    "GET", _MESSAGES + "/…/content/…", "ReadMessages", longest=LONG_SOUND, accept="*/*"
)
UPDATE_MESSAGE: Final = Endpoint("PUT", _MESSAGES + "/{id}", "EditMessages")
# Without an id this would delete all there is; the type keeps it from ever being more than voicemail.
DELETE_MESSAGE: Final = Endpoint("DELETE", _MESSAGES + "/{id}", "EditMessages", query="type=VoiceMail")

CALL_LOG: Final = Endpoint("GET", "/restapi/v1.0/account/~/extension/~/call-log", "ReadCallLog")
