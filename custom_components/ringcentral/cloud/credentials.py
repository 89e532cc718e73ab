"""What signs the app in, and where."""

from dataclasses import dataclass, field
from ipaddress import ip_address
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .errors import InvalidServer

PRODUCTION_SERVER: Final = "https://platform.ringcentral.com"

_HOST_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*\.?", re.ASCII)


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """A RingCentral app, the JWT of the user it acts for, and the server that knows both.

    White space around each value, as pasting leaves it, is dropped; `server` is stored normalised.

    Raises:
        InvalidServer: (a ValueError) when `server` isn't an https URL without user, path or query. Plain http is
            let through to the loopback interface only, because the secrets go there.
    """

    client_id: str
    client_secret: str = field(repr=False)
    jwt: str = field(repr=False)
    server: str = PRODUCTION_SERVER

    def __post_init__(self) -> None:
        """Tidy the values."""
        for name in ("client_id", "client_secret", "jwt"):
            object.__setattr__(self, name, getattr(self, name).strip())
        object.__setattr__(self, "server", _normalised(self.server.strip()))


def _normalised(server: str) -> str:
    try:
        url = urlsplit(server)
        host, port = url.hostname or "", url.port
    except ValueError:
        raise InvalidServer from None
    if not server.isprintable() or _has_extras(url, server) or not _is_host(host):
        raise InvalidServer
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(host)):
        raise InvalidServer
    name = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{name}" + (f":{port}" if port is not None else "")


def _has_extras(url: SplitResult, server: str) -> bool:
    return "@" in url.netloc or bool(url.path.strip("/")) or "?" in server or "#" in server


def _is_host(host: str) -> bool:
    return _is_address(host) if ":" in host else _HOST_NAME.fullmatch(host) is not None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)
