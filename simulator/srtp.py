"""Secure RTP (RFC 3711) with AES_CM_128_HMAC_SHA1_80, and its keys in session descriptions (RFC 4568)."""

from base64 import b64decode, b64encode
import hashlib
import hmac
import re
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .rtp import Packet, extended

SUITE: Final = "AES_CM_128_HMAC_SHA1_80"
MASTER: Final = 30  # bytes of a master key with its salt
_KEY: Final = 16
_TAG: Final = 10
_HEADER: Final = 12  # bytes that are authenticated, but not encrypted
_LINE: Final = re.compile(rf"^a=crypto:(\d+) {SUITE} inline:([A-Za-z0-9+/]{{40}})".encode(), re.MULTILINE)


def attribute(tag: int, master: bytes) -> str:
    """The line that tells the other side a key."""
    return f"a=crypto:{tag} {SUITE} inline:{b64encode(master).decode()}"


def keys_in(body: bytes) -> tuple[int, bytes] | None:
    """The tag and the master key of the first line of our suite; None without."""
    found = _LINE.search(body)
    return (int(found[1]), b64decode(found[2])) if found else None


def keystream(key: bytes, counter: int, size: int) -> bytes:
    """AES in counter mode (§4.1.1), `counter` the whole 128 bits of it."""
    encryptor = Cipher(algorithms.AES(key), modes.CTR(counter.to_bytes(16))).encryptor()
    return encryptor.update(bytes(size))


def derived(master: bytes, label: int, size: int) -> bytes:
    """A session key (§4.3.1) of a key that is never derived again."""
    salt = int.from_bytes(master[_KEY:])
    return keystream(master[:_KEY], (salt ^ label << 48) << 16, size)


class Stream:
    """What one side sends under one key."""

    def __init__(self, master: bytes) -> None:
        """Derive the session keys; the rollover counter is at 0."""
        self._key, self._auth = derived(master, 0, 16), derived(master, 1, 20)
        self._salt = int.from_bytes(derived(master, 2, 14))
        self._highest: int | None = None

    def protect(self, datagram: bytes) -> bytes:
        """Encrypt and sign a packet."""
        index = self._index(datagram)
        secured = self._crypt(datagram, index)
        self._highest = max(index, self._highest or 0)
        return secured + self._signature(secured, index)

    def open(self, datagram: bytes) -> bytes | None:
        """Return the plain packet; None if it isn't what the key's owner sent."""
        secured, tag = datagram[:-_TAG], datagram[-_TAG:]
        if Packet.parse(secured) is None:
            return None
        index = self._index(secured)
        if not hmac.compare_digest(tag, self._signature(secured, index)):
            return None
        self._highest = max(index, self._highest or 0)
        return self._crypt(secured, index)

    def _index(self, datagram: bytes) -> int:
        """The number of a packet since the beginning (§3.3.1)."""
        sequence = int.from_bytes(datagram[2:4])
        return sequence if self._highest is None else max(extended(sequence, self._highest), 0)

    def _crypt(self, datagram: bytes, index: int) -> bytes:
        payload, ssrc = datagram[_HEADER:], int.from_bytes(datagram[8:12])
        stream = keystream(self._key, self._salt << 16 ^ ssrc << 64 ^ index << 16, len(payload))
        return datagram[:_HEADER] + bytes(one ^ two for one, two in zip(payload, stream, strict=True))

    def _signature(self, secured: bytes, index: int) -> bytes:
        return hmac.digest(self._auth, secured + (index >> 16).to_bytes(4), hashlib.sha1)[:_TAG]
