"""RingCentral's documented errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

PENALTY: Final = 60
"""Seconds a group is closed after a 429; each request meanwhile starts them again."""

_NEEDED: Final = "In order to call this API endpoint, application needs to have [{}] permission"
_USER_NEEDS: Final = "In order to call this API endpoint, user needs to have [{}] permission"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A documented error; `alias` is an older name of its code, which the top level has."""

    status: int
    message: str
    oauth: str | None = None
    alias: str | None = None
    permission: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


REFUSALS: Final[Mapping[str, Refusal]] = {
    "OAU-123": Refusal(401, "Client authentication is required", oauth="invalid_client"),
    "OAU-153": Refusal(401, "Invalid client: ", oauth="invalid_client"),
    "OAU-165": Refusal(400, "Client application is not allowed here", oauth="invalid_client"),
    "OAU-109": Refusal(400, "Redirect URIs do not match", oauth="invalid_request"),
    "OAU-251": Refusal(400, "Unauthorized for this grant type", oauth="unauthorized_client"),
    "OAU-250": Refusal(400, "Unsupported grant type", oauth="invalid_request"),
    "OAU-140": Refusal(400, "Invalid resource owner credentials", oauth="invalid_grant"),
    "OAU-142": Refusal(400, "Extension state is not allowed", oauth="invalid_grant"),
    "OAU-128": Refusal(401, "Access token expired", alias="TokenExpired"),
    "OAU-129": Refusal(401, "Access token corrupted", alias="TokenInvalid"),
    "OAU-149": Refusal(401, "Unparseable access token", alias="TokenInvalid"),
    "OAU-213": Refusal(401, "Token not found", alias="TokenInvalid"),
    "BIL-103": Refusal(403, "Feature [WebPhone] is not available for current account"),
    "CMN-101": Refusal(400, "Parameter [sipInfo] value is invalid", alias="InvalidParameter"),
    "CMN-102": Refusal(404, "Resource for parameter [device.id] is not found"),
    "CMN-201": Refusal(503, "Service Temporary Unavailable", headers={"Retry-After": "30"}),
    "CMN-203": Refusal(500, "Internal Server Error"),
    "CMN-301": Refusal(429, "Request rate exceeded", headers={"Retry-After": str(PENALTY)}),
    "CMN-401": Refusal(403, _NEEDED, alias="InsufficientPermissions", permission="VoipCalling"),
    "CMN-402": Refusal(403, "Administrator permission required"),
    "CMN-405": Refusal(401, "Login to extension required"),
    "CMN-408": Refusal(403, _USER_NEEDS, permission="ReadExtensions"),
    "SPR-101": Refusal(403, "Phone line feature is not available"),
    "SPR-112": Refusal(403, "Client edition is not compatible with current Brand"),
    "SPR-114": Refusal(400, "Device id is too long"),
    "SPR-118": Refusal(400, "Parameter [device.id] is not a number"),
    "SPR-122": Refusal(403, "Client version can not be parsed"),
    "SPR-129": Refusal(400, "Incompatible protocols"),
    "SPR-130": Refusal(400, "device is not allowed for WebRTC."),
}


class Refused(Exception):
    """Ends a request with a documented error."""

    def __init__(self, code: str, permission: str | None = None) -> None:
        """Name the error, and the permission that is missing."""
        super().__init__(code)
        self.code = code
        self.permission = permission


def need(permission: str, held: frozenset[str]) -> None:
    """Make sure that a user has a permission; raises Refused."""
    if permission not in held:
        raise Refused("CMN-408", permission)


def refuse(code: str, permission: str | None = None) -> web.Response:
    """Answer with a documented error, as RingCentral writes it."""
    refusal = REFUSALS[code]
    named = permission or refusal.permission
    message = refusal.message.format(named)
    error = {"errorCode": code, "message": message} | ({"permissionName": named} if named else {})
    top = {"error": refusal.oauth, "error_description": message} if refusal.oauth else error
    body = {**top, **({"errorCode": refusal.alias} if refusal.alias else {}), "errors": [error]}
    return web.json_response(body, status=refusal.status, headers=refusal.headers)
