"""Where a server sends us with a 301, 302 or 305 (RFC 3261 §8.1.3.4, §21.3): host and port, and nothing else of it."""

import re
from typing import Final

from ..account import Proxy, Transport
from ..sip.message import Response

STATUSES: Final = frozenset({301, 302, 305})

_TARGET: Final = re.compile(
    r"sip:(?:[^@]*@)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.\-]+)(?::(?P<port>\d{1,5}))?(?P<params>[;?].*)?",
    re.IGNORECASE | re.DOTALL,
)
_TRANSPORT: Final = re.compile(r";transport=([^;?]*)", re.IGNORECASE)


def redirect_target(response: Response, transport: Transport) -> Proxy | None:
    """Return the first place named that is reached as we are connected now; None when there is none.

    A server can't talk a line out of TLS, or into it.
    """
    if response.status not in STATUSES:
        return None
    for contact in response.contacts:
        target = _TARGET.fullmatch(contact.uri)
        if target is None:
            continue
        stated = _TRANSPORT.search(target["params"] or "")
        port = int(target["port"]) if target["port"] else transport.default_port
        if (stated is None or stated[1].lower() == transport) and 0 < port < 65536:
            return Proxy(target["host"].strip("[]"), port)
    return None
