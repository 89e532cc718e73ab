"""RingCentral as a household sees it: sign in over REST, get a device, register it, and be called."""

from typing import Any, Self

from .call import Call
from .caller import Caller
from .dialect import Dialect
from .registrar import Account
from .rest import Account as User, RestSimulator, SipAccount
from .server import Server, Tell


class RingCentral:
    """REST and SIP of one user, on loopback. Use it as an async context manager."""

    def __init__(self, user: User | None = None, *, tell: Tell | None = None) -> None:
        """Serve a user; `tell` hears of every event of every call as it happens."""
        self.rest = RestSimulator(user, on_device=self._add)
        self.sip = Server((), tell=tell)

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

    async def __aenter__(self) -> Self:
        """Listen."""
        await self.sip.__aenter__()
        self.rest.sip_proxy = f"{self.sip.host}:{self.sip.port}"
        await self.rest.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close everything."""
        await self.rest.stop()
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
