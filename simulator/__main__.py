"""`python -m simulator`: a registrar that calls its phone again and again, and prints what happens."""

import argparse
import asyncio
from contextlib import suppress

from .call import Call
from .dialect import Dialect
from .exchange import NotRegisteredError
from .registrar import Account
from .server import Server
from .speech import CALLERS

DIALECTS = (
    Dialect(),
    Dialect(),
    Dialect(offer=False, queue="Family"),
    Dialect(),
    Dialect(anonymous=True),
    Dialect(control=True),
)


def show(call: Call, at: float, text: str) -> None:
    """Print one line of the timeline: seconds since the call was placed, who, what."""
    placed = call.events[0][0]
    name = "Anonymous" if call.dialect.anonymous else call.caller.name
    print(f"{at - placed:7.2f} s  {name:<20} {text}", flush=True)


async def call_around(server: Server, every: float) -> None:
    """Call the first account every so many seconds, each time somebody else, for ever."""
    account = server.accounts[0]
    number = 0
    while True:
        caller, dialect = CALLERS[number % len(CALLERS)], DIALECTS[number % len(DIALECTS)]
        await server.registered(account, timeout=1e9)
        with suppress(NotRegisteredError):
            await server.call(account, caller, dialect=dialect)
            number += 1
        await asyncio.sleep(every)


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    account = Account()
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--sip-port", type=int, default=5090, help="TCP port for phones (%(default)s)")
    parser.add_argument("--every", type=float, default=60, help="seconds between calls (%(default)s)")
    parser.add_argument("--username", default=account.username, help="user name (%(default)s)")
    parser.add_argument("--authorization-id", default=account.authorization_id, help="(%(default)s)")
    parser.add_argument("--password", default=account.password, help="(%(default)s)")
    return parser.parse_args(argv)


async def main(options: argparse.Namespace) -> None:
    """Run until interrupted."""
    account = Account(
        username=options.username,
        authorization_id=options.authorization_id,
        password=options.password,
        provisioned=True,
    )
    async with Server((account,), port=options.sip_port, tell=show) as server:
        print(
            f"RingCentral in miniature: TCP {server.host}:{server.port}, domain {account.domain}", flush=True
        )
        await call_around(server, options.every)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(arguments()))
