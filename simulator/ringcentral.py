"""RingCentral as a household sees it: sign in over REST, get a device, register it, and be called."""

import asyncio
import ssl
from typing import Any, Self

from .call import Call
from .caller import Caller
from .dialect import Address, Dialect
from .gate import Gate
from .leaks import Secret, secrets_of
from .registrar import Account
from .rest import Account as User, RestSimulator, SipAccount
from .server import Server, Tell


class RingCentral:
    """REST and SIP of one user, on loopback. Use it as an async context manager."""

    def __init__(
        self,
        user: User | None = None,
        *,
        tell: Tell | None = None,
        gate: Gate | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Serve a user.

        Args:
            tell: hears of every event of every call as it happens.
            gate: stands before the SIP server's TCP.
            tls: has the SIP server offer TLS too.
        """
        self.rest = RestSimulator(user, on_device=self._add)
        self.sip = Server((), tell=tell, tls_beside=tls)
        self.gate = gate

    @property
    def app(self) -> dict[str, Any]:
        """What the user types into the integration's first form."""
        user = self.rest.account
        return {
            "client_id": user.client_id,
            "client_secret": user.client_secret,
            "jwt": user.jwt,
            "advanced": {"server": self.rest.url},
        }

    @property
    def secrets(self) -> frozenset[Secret]:
        """What nobody else may see of what was handed out and of the calls so far; of the wire what passed a gate."""
        return secrets_of(
            (self.rest.account,),
            accounts=self.sip.accounts,
            callers=(call.caller for call in self.sip.calls),
            requests=self.rest.requests,
            wire=bytes(self.gate.passed) if self.gate else b"",
        )

    @property
    def is_registered(self) -> bool:
        """Whether the newest device can be called."""
        return self.sip.exchange.is_registered(self.sip.accounts[-1], asyncio.get_running_loop().time())

    async def __aenter__(self) -> Self:
        """Listen."""
        await self.sip.__aenter__()
        front = Address(self.sip.host, self.sip.port)
        if self.gate is not None:
            await self.gate.open(front)
            front = self.gate.address
        self.rest.sip_proxy = f"{front.host}:{front.port}"
        if self.sip.tls_port:
            self.rest.sip_proxy_tls = f"{self.sip.host}:{self.sip.tls_port}"
        await self.rest.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close everything."""
        await self.rest.stop()
        if self.gate is not None:
            await self.gate.shut()
        await self.sip.__aexit__()

    async def registered(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - a test reads better without a second block
        """Wait until the newest device can be called."""
        await self.sip.registered(self.sip.accounts[-1], timeout)

    async def call(self, caller: Caller | None = None, *, dialect: Dialect | None = None) -> Call:
        """Call the newest device."""
        return await self.sip.call(self.sip.accounts[-1], caller, dialect=dialect)

    def _add(self, device: SipAccount) -> None:
        self.sip.add(
            Account(
                username=device.username,
                password=device.password,
                authorization_id=device.authorization_id,
                domain=device.domain,
                name=self.rest.account.name,
                provisioned=device.provisioned,
            )
        )
