"""The UDP port of one call's sound."""

from contextlib import suppress
import socket
from typing import Final

from .errors import MediaError

_BIND_ATTEMPTS: Final = 32
_EXPEDITED_FORWARDING: Final = 46 << 2


def bind_even(host: str) -> socket.socket:
    """Return a non-blocking UDP socket on an even port (RFC 3550 §11)."""
    for _ in range(_BIND_ATTEMPTS):
        sock = _bind(host, 0)
        if sock is None:
            break
        port: int = sock.getsockname()[1]
        if not port % 2:
            return sock
        sock.close()
        neighbour = _bind(host, port - 1)
        if neighbour is not None:
            return neighbour
    raise MediaError("No UDP port is free for sound")


def _bind(host: str, port: int) -> socket.socket | None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        return None
    with suppress(OSError):
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED_FORWARDING)
    return sock
