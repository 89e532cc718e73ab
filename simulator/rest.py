"""RingCentral's REST interface in miniature: sign-in, extension, sip-provision, and its documented errors."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import json
import re
import secrets
import time
from typing import Any, Final, cast

from aiohttp import web

MAX_SESSIONS: Final = 5
"""Sessions of one user and app; one more ends the oldest."""

PENALTY: Final = 60
"""Seconds a group is closed after a 429; each request meanwhile starts them again."""

_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TRANSPORTS: Final = frozenset({"UDP", "TCP", "TLS", "WSS"})
_PARSEABLE_AGENT: Final = re.compile(r"[\w.-]+/\d+(\.\d+)+")
_FLAGS: Final = {"voipFeatureEnabled": True, "voipCountryBlocked": False, "outboundCallsEnabled": True}
_DSCP: Final = {"dscpEnabled": True, "dscpSignaling": 26, "dscpVoice": 46, "dscpVideo": 34}
_NEEDED: Final = "In order to call this API endpoint, application needs to have [{}] permission"

type _Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
type Fault = str | Trouble | Callable[[], web.Response]
"""A code of `REFUSALS`, a trouble, or what makes an answer."""


class Endpoint(StrEnum):
    """The resources that are served."""

    TOKEN = "/restapi/oauth/token"
    REVOKE = "/restapi/oauth/revoke"
    EXTENSION = "/restapi/v1.0/account/~/extension/~"
    SIP_PROVISION = "/restapi/v1.0/client-info/sip-provision"


class Trouble(StrEnum):
    """What a server does when it is unwell, besides answering an error."""

    HANG = "hang"
    DROP = "drop"
    GARBAGE = "garbage"


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
    "CMN-408": Refusal(403, "In order to call this, user needs to have [ReadExtensions] permission"),
    "SPR-101": Refusal(403, "Phone line feature is not available"),
    "SPR-112": Refusal(403, "Client edition is not compatible with current Brand"),
    "SPR-114": Refusal(400, "Device id is too long"),
    "SPR-118": Refusal(400, "Parameter [device.id] is not a number"),
    "SPR-122": Refusal(403, "Client version can not be parsed"),
    "SPR-130": Refusal(400, "device is not allowed for WebRTC."),
}


class Refused(Exception):
    """Ends a request with a documented error."""

    def __init__(self, code: str, permission: str | None = None) -> None:
        """Name the error, and the permission that is missing."""
        super().__init__(code)
        self.code = code
        self.permission = permission


@dataclass(frozen=True, slots=True)
class SipAccount:
    """What a registrar must know about a device."""

    username: str
    authorization_id: str
    password: str
    domain: str


@dataclass(slots=True)
class Account:
    """The user, the app and what they may do. Change it between requests to see another answer."""

    client_id: str = "n5Ky9dYbTq2CPZLtFSVhwQ"
    client_secret: str = "simulated-client-secret"
    jwt: str = "eyJraWQiOiI4NzYyZjU5OGQwNTk.eyJzdWIiOiI4MDIzOTg4MDQwMTYifQ.c2lnbmF0dXJl"
    name: str = "Reception"
    account_id: str = "802398804"
    extension_id: str = "802398804016"
    extension_number: str = "115"
    main_number: str = "+17203861294"
    status: str = "Enabled"
    permissions: frozenset[str] = frozenset({"ReadAccounts", "VoipCalling"})
    refresh_tokens: bool = True
    access_token_ttl: int = 3600
    sip_domain: str = "sip.ringcentral.com"
    switch_back_interval: int = 3600


@dataclass(slots=True)
class LoggedRequest:
    """One request as it came, and the status it was answered with (0: none yet)."""

    endpoint: str
    headers: Mapping[str, str]
    form: Mapping[str, str]
    json: Any
    status: int = 0


@dataclass(frozen=True, slots=True)
class _Session:
    access: str
    expires_at: float
    refresh: str | None


_GROUPS: Final = dict(zip(Endpoint, ("auth", "auth", "light", "heavy"), strict=True))


class RestSimulator:
    """Serves one account. `requests` holds what was asked, oldest first; `clock` is in seconds.

    `sip_proxy` and `sip_proxy_backup` are the `host:port` that provisioning hands out; they may be set later.
    """

    def __init__(
        self,
        account: Account | None = None,
        *,
        sip_proxy: str = "127.0.0.1:5090",
        sip_proxy_backup: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_device: Callable[[SipAccount], None] = lambda _device: None,
    ) -> None:
        """Make a server that isn't started; `on_device` is told of every new device."""
        self.account = account or Account()
        self.sip_proxy, self.sip_proxy_backup = sip_proxy, sip_proxy_backup
        self.requests: list[LoggedRequest] = []
        self.url = ""
        self._clock = clock
        self._on_device = on_device
        self._devices: dict[str, SipAccount] = {}
        self._sessions: list[_Session] = []
        self._faults: dict[Endpoint, list[Fault]] = {endpoint: [] for endpoint in Endpoint}
        self._closed_until = dict.fromkeys(_GROUPS.values(), float("-inf"))
        self._runner: web.AppRunner | None = None
        self.app = web.Application(middlewares=[self._front])
        self.app.router.add_post(Endpoint.TOKEN, self._token)
        self.app.router.add_post(Endpoint.REVOKE, self._revoke)
        self.app.router.add_get(Endpoint.EXTENSION, self._extension)
        self.app.router.add_post(Endpoint.SIP_PROVISION, self._sip_provision)

    @property
    def sip_accounts(self) -> tuple[SipAccount, ...]:
        """Every device handed out so far, oldest first."""
        return tuple(self._devices.values())

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the URL. May be called again after `stop`."""
        self._runner = web.AppRunner(self.app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Close every connection. Does nothing when not started."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def fail_next(self, endpoint: Endpoint, fault: Fault, times: int = 1) -> None:
        """Answer the next requests to `endpoint` with `fault`.

        A 429 closes the endpoint's group for a minute, and each request to it meanwhile starts that again.
        """
        self._faults[endpoint] += [fault] * times

    def end_sessions(self) -> None:
        """Forget every token, as when the user's sessions are ended in the portal."""
        self._sessions.clear()

    def forget_devices(self) -> None:
        """Forget every device that was provisioned."""
        self._devices.clear()

    def asked(self, endpoint: Endpoint) -> list[LoggedRequest]:
        """Return the requests to one endpoint, oldest first."""
        return [request for request in self.requests if request.endpoint == endpoint]

    @web.middleware
    async def _front(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        form, body = await _form(request), await _json(request)
        logged = LoggedRequest(request.path, dict(request.headers), form, body)
        self.requests.append(logged)
        try:
            response = await self._outcome(request, handler)
        except Refused as refused:
            response = _refuse(refused.code, refused.permission)
        if response.status == 429:
            self._closed_until[_GROUPS[Endpoint(request.path)]] = self._clock() + PENALTY
        response.headers["RCRequestId"] = secrets.token_hex(12)
        logged.status = response.status
        return response

    async def _outcome(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.path not in Endpoint:
            raise Refused("CMN-102")
        endpoint = Endpoint(request.path)
        if self._clock() < self._closed_until[_GROUPS[endpoint]]:
            raise Refused("CMN-301")
        match self._faults[endpoint].pop(0) if self._faults[endpoint] else None:
            case None:
                return await handler(request)
            case Trouble.HANG:
                await asyncio.Event().wait()
            case Trouble.DROP:
                cast(asyncio.Transport, request.transport).abort()
            case Trouble.GARBAGE:
                return web.Response(body=b"\xff\xfe<html>[[[", content_type="application/json")
            case str() as code:
                raise Refused(code)
            case answer:
                return answer()
        return web.Response()

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self._check_app(request)
        form = await _form(request)
        match form.get("grant_type"):
            case "refresh_token":
                self._consume_refresh(form.get("refresh_token", ""))
            case grant if grant != _JWT_GRANT:
                raise Refused("OAU-250")
            case _ if form.get("assertion") != self.account.jwt:
                raise Refused("OAU-140")
        session = self._open_session()
        scope, ttl = " ".join(sorted(self.account.permissions)), self.account.access_token_ttl
        granted = {"access_token": session.access, "token_type": "bearer", "expires_in": ttl, "scope": scope}
        if session.refresh is not None:
            granted |= {"refresh_token": session.refresh, "refresh_token_expires_in": 604799}
        return web.json_response({**granted, "owner_id": self.account.extension_id})

    def _open_session(self) -> _Session:
        refresh = secrets.token_urlsafe(64) if self.account.refresh_tokens else None
        session = _Session(secrets.token_urlsafe(64), self._clock() + self.account.access_token_ttl, refresh)
        self._sessions = [*self._sessions, session][-MAX_SESSIONS:]
        return session

    def _consume_refresh(self, token: str) -> None:
        """End the session whose refresh token this is; the next one takes its place."""
        live = [session for session in self._sessions if session.refresh != token]
        if len(live) == len(self._sessions):
            raise Refused("OAU-140")
        self._sessions = live

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        self._check_app(request)
        token = (await _form(request)).get("token")
        self._sessions = [kept for kept in self._sessions if token not in {kept.access, kept.refresh}]
        return web.Response()

    async def _extension(self, request: web.Request) -> web.StreamResponse:
        self._check_token(request, "ReadAccounts")
        account = self.account
        extension = {
            "uri": f"{self.url}/restapi/v1.0/account/{account.account_id}/extension/{account.extension_id}",
            "id": int(account.extension_id),
            "account": {"id": account.account_id},
            "extensionNumber": account.extension_number,
            "contact": {"firstName": account.name, "businessPhone": account.main_number},
            "name": account.name,
            "type": "User",
            "status": account.status,
        }
        return web.json_response(extension)

    async def _sip_provision(self, request: web.Request) -> web.StreamResponse:
        self._check_token(request, "VoipCalling")
        if not _PARSEABLE_AGENT.match(request.headers.get("User-Agent", "")):
            raise Refused("SPR-122")
        body = await _json(request) or {}
        transports = [info.get("transport") for info in body.get("sipInfo", [])]
        device = body.get("device", {})
        name = device.get("computerName")
        if not transports or not _TRANSPORTS.issuperset(transports) or ("TCP" in transports and not name):
            raise Refused("CMN-101")
        device_id = self._device(device.get("id"))
        provision = {
            "device": {"id": device_id, "type": "SoftPhone", "status": "Offline", "computerName": name},
            "sipInfo": [self._sip_info(device_id, transport) for transport in transports],
            "sipFlags": {**_FLAGS, **_DSCP},
            "sipErrorCodes": ["408", "503", "502", "504"],
            "pollingInterval": 7200,
        }
        return web.json_response(provision)

    def _device(self, device_id: str | None) -> str:
        """Return a known device's id, or that of a new device when none is named."""
        if device_id is None:
            device_id = str(802398804016 + secrets.randbelow(10**11))
            username = f"{self.account.main_number.removeprefix('+')}*{self.account.extension_number}"
            device = SipAccount(username, device_id, secrets.token_urlsafe(9), self.account.sip_domain)
            self._devices[device_id] = device
            self._on_device(device)
        elif len(device_id) > 38:
            raise Refused("SPR-114")
        elif not device_id.isdigit():
            raise Refused("SPR-118")
        elif device_id not in self._devices:
            raise Refused("CMN-102")
        return device_id

    def _sip_info(self, device_id: str, transport: str) -> dict[str, Any]:
        device = self._devices[device_id]
        return {
            "username": device.username,
            "password": device.password,
            "authorizationTypes": ["SipDigest"],
            "authorizationId": device.authorization_id,
            "domain": device.domain,
            "outboundProxy": self.sip_proxy,
            **({"outboundProxyBackup": self.sip_proxy_backup} if self.sip_proxy_backup else {}),
            "transport": transport,
            "switchBackInterval": self.account.switch_back_interval,
        }

    def _check_app(self, request: web.Request) -> None:
        authorization = request.headers.get("Authorization", "")
        pair = f"{self.account.client_id}:{self.account.client_secret}".encode()
        if not authorization.startswith("Basic "):
            raise Refused("OAU-123")
        if authorization != f"Basic {b64encode(pair).decode('ascii')}":
            raise Refused("OAU-153")

    def _check_token(self, request: web.Request, permission: str) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        session = next((session for session in self._sessions if session.access == token), None)
        if session is None:
            raise Refused("OAU-213")
        if self._clock() >= session.expires_at:
            raise Refused("OAU-128")
        if permission not in self.account.permissions:
            raise Refused("CMN-401", permission)


def _refuse(code: str, permission: str | None) -> web.Response:
    refusal = REFUSALS[code]
    named = permission or refusal.permission
    message = refusal.message.format(named)
    error = {"errorCode": code, "message": message} | ({"permissionName": named} if named else {})
    top = {"error": refusal.oauth, "error_description": message} if refusal.oauth else error
    body = {**top, **({"errorCode": refusal.alias} if refusal.alias else {}), "errors": [error]}
    return web.json_response(body, status=refusal.status, headers=refusal.headers)


async def _form(request: web.Request) -> dict[str, str]:
    return {key: str(value) for key, value in (await request.post()).items()}


async def _json(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError:
        return None
