"""SRTP keys in session descriptions: the `a=crypto:` lines of RFC 4568.

    a=crypto:<tag> <suite> inline:<key and salt in base64>[|<lifetime>][|<MKI>:<its length>] [<session parameters>]

Each side names the key of what it sends. Whoever answers takes one of the offered lines, by its tag, and names a key of
their own for the same suite.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import re
from typing import Final

from .media.srtp import MASTER_SIZE, MasterKey, Suite

MATERIAL: Final = MASTER_SIZE * len(Suite)
"""Random bytes that the keys of a call are made of."""

# §9.2. A lifetime can't be outlived: a call of a year has 2^31 packets. Several keys (";") in one line are none we speak.
_CRYPTO: Final = re.compile(
    r"(?P<tag>\d{1,9})[ \t]+(?P<suite>\S+)[ \t]+inline:(?P<secret>[a-z0-9+/]{40})"
    r"(?:\|(?:2\^)?\d{1,15})?(?:\|(?P<mki>\d{1,38}):(?P<mki_size>\d{1,3}))?(?P<parameters>(?:[ \t]+\S+)*)[ \t]*",
    re.ASCII | re.IGNORECASE,
)
# §6.3: a session parameter is mandatory unless it begins with "-"; these two ask for nothing that isn't done anyway.
_HARMLESS: Final = re.compile(r"-\S+|WSH=\d+|KDR=0", re.ASCII | re.IGNORECASE)
# §9.2: bytes of an MKI.
_MAX_MKI: Final = 128


@dataclass(frozen=True, slots=True)
class Crypto:
    """One line that can be used."""

    tag: int
    key: MasterKey

    def attribute(self) -> str:
        """Return the attribute, the key in it."""
        return f"crypto:{self.tag} {self.key.suite} inline:{b64encode(self.key.secret).decode()}"


def draw_keys(material: bytes) -> dict[Suite, MasterKey]:
    """Cut one key for each suite from `MATERIAL` random bytes: a description has no key twice (§6.1)."""
    return {
        suite: MasterKey(suite, material[start : start + MASTER_SIZE])
        for suite, start in zip(Suite, range(0, MATERIAL, MASTER_SIZE), strict=True)
    }


def our_offer(keys: Mapping[Suite, MasterKey]) -> list[Crypto]:
    """Return a line for each of our keys, in the order of preference."""
    return [Crypto(tag, key) for tag, key in enumerate(keys.values(), 1)]


def usable(attributes: Iterable[tuple[str, str]]) -> list[Crypto]:
    """Return the lines among (name, value) that can be used, in their order, which is one of preference (§5.1.1)."""
    lines = (parse(value) for name, value in attributes if name == "crypto")
    return [line for line in lines if line is not None]


def parse(value: str) -> Crypto | None:
    """Parse a line's value; None for a suite, a key or a demand that we can't meet."""
    found = _CRYPTO.fullmatch(value)
    if found is None or (suite := found["suite"].upper()) not in Suite:
        return None
    mki = _mki(found["mki"], found["mki_size"])
    if mki is None or not all(map(_HARMLESS.fullmatch, found["parameters"].split())):
        return None
    return Crypto(int(found["tag"]), MasterKey(Suite(suite), b64decode(found["secret"]), mki))


def _mki(number: str | None, size: str | None) -> bytes | None:
    """Return the bytes that name the key in each packet, b"" for none, None for a number that doesn't fit its length."""
    if number is None or size is None:
        return b""
    if not 0 < int(size) <= _MAX_MKI or int(number) >> 8 * int(size):
        return None
    return int(number).to_bytes(int(size))
