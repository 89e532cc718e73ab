"""RingCentral's REST interface in miniature: sign-in, extension, devices, address book, mailbox, and what goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
import json
import re
import secrets
import time
from typing import Any, Final, cast

from aiohttp import web
from yarl import URL

from .address_book import AddressBook
from .blocked_numbers import BlockedNumbers
from .call_records import CallRecords
from .devices import Devices, Proxies
from .mailbox import Mailbox
from .refusals import PENALTY, REFUSALS, Refused, refuse
from .sessions import MAX_SESSIONS, Sessions
from .user import Account, SipAccount

__all__ = [
    "MAX_SESSIONS",
    "PENALTY",
    "REFUSALS",
    "Account",
    "Endpoint",
    "Fault",
    "LoggedRequest",
    "RestSimulator",
    "SipAccount",
    "Trouble",
]

_PARSEABLE_AGENT: Final = re.compile(r"[\w.-]+/\d+(\.\d+)+")

type _Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
type Fault = str | Trouble | Callable[[], web.Response]
"""A code of `REFUSALS`, a trouble, or what makes an answer."""


class Endpoint(StrEnum):
    """The resources that are served."""

    AUTHORIZE = "/restapi/oauth/authorize"
    TOKEN = "/restapi/oauth/token"
    REVOKE = "/restapi/oauth/revoke"
    EXTENSION = "/restapi/v1.0/account/~/extension/~"
    DEVICES = "/restapi/v1.0/account/~/extension/~/device"
    SIP_INFO = "/restapi/v1.0/account/~/device/{device_id}/sip-info"
    SIP_PROVISION = "/restapi/v1.0/client-info/sip-provision"
    CONTACTS = "/restapi/v1.0/account/~/extension/~/address-book/contact"
    BLOCKED_NUMBERS = "/restapi/v1.0/account/~/extension/~/caller-blocking/phone-numbers"
    BLOCKED_NUMBER = "/restapi/v1.0/account/~/extension/~/caller-blocking/phone-numbers/{entry_id}"
    MESSAGES = "/restapi/v1.0/account/~/extension/~/message-store"
    MESSAGE = "/restapi/v1.0/account/~/extension/~/message-store/{message_id}"
    MESSAGE_CONTENT = "/restapi/v1.0/account/~/extension/~/message-store/{message_id}/content/{attachment_id}"
    CALL_LOG = "/restapi/v1.0/account/~/extension/~/call-log"


class Trouble(StrEnum):
    """What a server does when it is unwell, besides answering an error."""

    HANG = "hang"
    DROP = "drop"
    GARBAGE = "garbage"


@dataclass(slots=True)
class LoggedRequest:
    """One request as it came, and the status it was answered with (0: none yet)."""

    endpoint: str
    headers: Mapping[str, str]
    form: Mapping[str, str]
    json: Any
    status: int = 0
    method: str = ""


_GROUPS: Final[Mapping[Endpoint, str]] = {
    Endpoint.AUTHORIZE: "browser",
    Endpoint.TOKEN: "auth",
    Endpoint.REVOKE: "auth",
    Endpoint.EXTENSION: "light",
    Endpoint.DEVICES: "light",
    Endpoint.SIP_INFO: "light",
    Endpoint.SIP_PROVISION: "heavy",
    Endpoint.CONTACTS: "heavy",
    Endpoint.BLOCKED_NUMBERS: "light",
    Endpoint.BLOCKED_NUMBER: "light",
    Endpoint.MESSAGES: "light",
    Endpoint.MESSAGE: "medium",
    Endpoint.MESSAGE_CONTENT: "medium",
    Endpoint.CALL_LOG: "heavy",
}
# What is changed there belongs to another group than what is read.
_EDITED: Final = frozenset({Endpoint.BLOCKED_NUMBERS, Endpoint.BLOCKED_NUMBER})


class RestSimulator:
    """Serves one account. `requests` holds what was asked, oldest first; `clock` is in seconds.

    `sip_proxy` and `sip_proxy_backup` are the `host:port` that provisioning hands out, `region_proxies` what the
    sip-info of an Existing Phone lists (without any: `sip_proxy`); they may be set later. `sip_proxy_tls` is the one that
    speaks TLS, where there is one.
    """

    def __init__(
        self,
        account: Account | None = None,
        *,
        sip_proxy: str = "127.0.0.1:5090",
        sip_proxy_backup: str | None = None,
        sip_proxy_tls: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_device: Callable[[SipAccount], None] = lambda _device: None,
    ) -> None:
        """Make a server that isn't started; `on_device` is told of every new device."""
        self.account = account or Account()
        self.sip_proxy, self.sip_proxy_backup, self.sip_proxy_tls = sip_proxy, sip_proxy_backup, sip_proxy_tls
        self.requests: list[LoggedRequest] = []
        self.url = ""
        self._clock = clock
        self.sessions = Sessions(self.account, clock)
        self.devices = Devices(self.account, on_device)
        self.address_book = AddressBook(self.account)
        self.blocked = BlockedNumbers(self.account)
        self.mailbox = Mailbox(self.account)
        self.call_log = CallRecords(self.account)
        self.region_proxies: list[dict[str, str]] = []
        self._faults: dict[Endpoint, list[Fault]] = {endpoint: [] for endpoint in Endpoint}
        self._closed_until = dict.fromkeys({*_GROUPS.values(), "medium"}, float("-inf"))
        self._runner: web.AppRunner | None = None
        self.app = web.Application(middlewares=[self._front])
        self.app.router.add_get(Endpoint.AUTHORIZE, self._authorize)
        self.app.router.add_post(Endpoint.TOKEN, self._token)
        self.app.router.add_post(Endpoint.REVOKE, self._revoke)
        self.app.router.add_get(Endpoint.EXTENSION, self._extension)
        self.app.router.add_get(Endpoint.DEVICES, self._device_list)
        self.app.router.add_get(Endpoint.SIP_INFO, self._sip_info)
        self.app.router.add_post(Endpoint.SIP_PROVISION, self._sip_provision)
        self.app.router.add_get(Endpoint.CONTACTS, self._contacts)
        self.app.router.add_get(Endpoint.BLOCKED_NUMBERS, self._blocked_numbers)
        self.app.router.add_post(Endpoint.BLOCKED_NUMBERS, self._block)
        self.app.router.add_delete(Endpoint.BLOCKED_NUMBER, self._unblock)
        self.app.router.add_get(Endpoint.MESSAGES, self._messages)
        self.app.router.add_put(Endpoint.MESSAGE, self._update_message)
        self.app.router.add_delete(Endpoint.MESSAGE, self._delete_message)
        self.app.router.add_get(Endpoint.MESSAGE_CONTENT, self._message_content)
        self.app.router.add_get(Endpoint.CALL_LOG, self._call_log)

    @property
    def sip_accounts(self) -> tuple[SipAccount, ...]:
        """Every device that was provisioned so far, oldest first."""
        return tuple(self.devices.provisioned.values())

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the URL. May be called again after `stop`."""
        self._runner = web.AppRunner(self.app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"
        self.mailbox.uri = self.url + Endpoint.MESSAGES
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
        self.sessions.end()

    def forget_devices(self) -> None:
        """Forget every device that was provisioned."""
        self.devices.provisioned.clear()

    def asked(self, endpoint: Endpoint) -> list[LoggedRequest]:
        """Return the requests to one endpoint, oldest first."""
        return [request for request in self.requests if request.endpoint == endpoint]

    @web.middleware
    async def _front(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        form, body = await _form(request), await _json(request)
        resource = _resource(request)
        logged = LoggedRequest(resource, dict(request.headers), form, body, method=request.method)
        self.requests.append(logged)
        try:
            response = await self._outcome(request, handler, resource)
        except Refused as refused:
            response = refuse(refused.code, refused.permission)
        if response.status == 429:
            self._closed_until[_group(request, Endpoint(resource))] = self._clock() + PENALTY
        response.headers["RCRequestId"] = secrets.token_hex(12)
        logged.status = response.status
        return response

    async def _outcome(self, request: web.Request, handler: _Handler, resource: str) -> web.StreamResponse:
        if resource not in Endpoint:
            raise Refused("CMN-102")
        endpoint = Endpoint(resource)
        if self._clock() < self._closed_until[_group(request, endpoint)]:
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

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        brought = self.sessions.authorize(request.query)
        where = URL(request.query["redirect_uri"]).update_query(brought)
        return web.Response(status=302, headers={"Location": str(where)})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.sessions.grant(_authorization(request), await _form(request)))

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        self.sessions.revoke(_authorization(request), await _form(request))
        return web.Response()

    async def _extension(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "ReadAccounts")
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

    async def _device_list(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "ReadAccounts")
        return web.json_response(self.devices.page(request.query, self.url + Endpoint.DEVICES))

    async def _sip_info(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "ReadAccounts")
        secure = {"proxyTLS": self.sip_proxy_tls} if self.sip_proxy_tls else {}
        proxies = self.region_proxies or [{"region": "NA", "proxy": self.sip_proxy, **secure}]
        return web.json_response(self.devices.sip_info(request.match_info["device_id"], proxies))

    async def _contacts(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "ReadContacts")
        return web.json_response(self.address_book.page(request.query, self.url + Endpoint.CONTACTS))

    async def _blocked_numbers(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "ReadAccounts")
        return web.json_response(self.blocked.page(request.query, self.url + Endpoint.BLOCKED_NUMBERS))

    async def _block(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "EditExtensions")
        return web.json_response(self.blocked.add(await _json(request)))

    async def _unblock(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "EditExtensions")
        self.blocked.remove(request.match_info["entry_id"])
        return web.Response(status=204)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "ReadMessages")
        return web.json_response(self.mailbox.page(request.query))

    async def _update_message(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "EditMessages")
        return web.json_response(self.mailbox.update(request.match_info["message_id"], await _json(request)))

    async def _delete_message(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "EditMessages")
        self.mailbox.delete(request.match_info["message_id"], request.query)
        return web.Response(status=204)

    async def _message_content(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "ReadMessages")
        content = self.mailbox.content(**request.match_info)
        return web.Response(body=content.data, content_type=content.type)

    async def _call_log(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "ReadCallLog")
        return web.json_response(self.call_log.page(request.query, self.url + Endpoint.CALL_LOG))

    async def _sip_provision(self, request: web.Request) -> web.StreamResponse:
        self.sessions.check(_authorization(request), "VoipCalling")
        if not _PARSEABLE_AGENT.match(request.headers.get("User-Agent", "")):
            raise Refused("SPR-122")
        body = await _json(request) or {}
        plain = Proxies(self.sip_proxy, self.sip_proxy_backup)
        secure = {"TLS": Proxies(self.sip_proxy_tls)} if self.sip_proxy_tls else {}
        return web.json_response(
            self.devices.provision(body, {"UDP": plain, "TCP": plain, "WSS": plain, **secure})
        )


def _group(request: web.Request, endpoint: Endpoint) -> str:
    """Return the group of requests that one is counted in."""
    edits = endpoint in _EDITED and request.method != "GET"
    return "medium" if edits else _GROUPS[endpoint]


def _authorization(request: web.Request) -> str:
    return request.headers.get("Authorization", "")


def _resource(request: web.Request) -> str:
    """Return the resource's path as in `Endpoint`, and the path itself of one that isn't served."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else request.path


async def _form(request: web.Request) -> dict[str, str]:
    return {key: str(value) for key, value in (await request.post()).items()}


async def _json(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError:
        return None
