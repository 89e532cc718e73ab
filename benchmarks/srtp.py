"""Times SRTP: `python -m benchmarks.srtp`.

One packet of 20 ms of G.711 (172 bytes) is protected or opened, of a stream whose sequence numbers go on, under
`AES_CM_128_HMAC_SHA1_80`:

- ``ours``: ``Sender`` and ``Opener``, rollover, replay window and all;
- ``cryptography``: what one writes first, a CTR cipher for each packet and ``hmac.digest``, without any of that;
- ``pylibsrtp``: libsrtp, in C; only where it is installed.

The packets of all are compared first. Times are the best of several rounds: compare only figures of one run.
"""

from collections.abc import Callable
import hmac
from importlib import import_module
from importlib.util import find_spec
from itertools import batched
from time import perf_counter
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from custom_components.ringcentral.softphone.media.rtp import RtpPacket, build
from custom_components.ringcentral.softphone.media.srtp import MasterKey, Opener, Sender, Suite, derive

TARGET: Final = 10.0
_ROUND: Final = 100
_ROUNDS: Final = 300
_SSRC: Final = 0xCAFEBABE
_SECRET: Final = bytes(range(30))
_KEYS: Final = derive(_SECRET)

type Transform = Callable[[bytes], object]


def ours() -> tuple[Transform, Transform]:
    """Return ways to protect and to open."""
    key = MasterKey(Suite.AES_CM_128_HMAC_SHA1_80, _SECRET)
    return Sender(key).protect, Opener(key).unprotect


def plain_cryptography() -> tuple[Transform, Transform]:
    """Return ways to protect and to open while nothing rolls over."""
    salt = int.from_bytes(_KEYS.salt) << 16
    algorithm = algorithms.AES(_KEYS.encryption)

    def crypt(packet: bytes) -> bytes:
        counter = (salt ^ _SSRC << 64 ^ int.from_bytes(packet[2:4]) << 16).to_bytes(16)
        return packet[:12] + Cipher(algorithm, modes.CTR(counter)).encryptor().update(packet[12:])

    def tag(packet: bytes) -> bytes:
        return hmac.digest(_KEYS.authentication, packet + bytes(4), "sha1")[:10]

    def protect(packet: bytes) -> bytes:
        secure = crypt(packet)
        return secure + tag(secure)

    def unprotect(datagram: bytes) -> bytes:
        if not hmac.compare_digest(datagram[-10:], tag(datagram[:-10])):
            raise ValueError("forged")
        return crypt(datagram[:-10])

    return protect, unprotect


def with_pylibsrtp() -> tuple[Transform, Transform]:
    """Return ways to protect and to open."""
    library: Any = import_module("pylibsrtp")

    def session(direction: int) -> Any:
        suite = library.Policy.SRTP_PROFILE_AES128_CM_SHA1_80
        return library.Session(policy=library.Policy(key=_SECRET, ssrc_type=direction, srtp_profile=suite))

    outbound, inbound = library.Policy.SSRC_ANY_OUTBOUND, library.Policy.SSRC_ANY_INBOUND
    return session(outbound).protect, session(inbound).unprotect


WAYS: Final[dict[str, Callable[[], tuple[Transform, Transform]]]] = {
    "ours": ours,
    "cryptography": plain_cryptography,
    "pylibsrtp": with_pylibsrtp,
}


def least(transform: Transform, packets: list[bytes]) -> float:
    """Return the µs for one packet in the best round."""
    times = []
    for batch in batched(packets, _ROUND, strict=True):
        started = perf_counter()
        for packet in batch:
            transform(packet)
        times.append(perf_counter() - started)
    return min(times) / _ROUND * 1e6


def main() -> None:
    """Compare."""
    plain = [
        build(RtpPacket(0, False, number, number * 160, _SSRC, bytes(160)))
        for number in range(_ROUND * _ROUNDS)
    ]
    protect, _ = ours()
    secure = [datagram for datagram in map(protect, plain) if isinstance(datagram, bytes)]
    results = {}
    for name in (name for name in WAYS if name != "pylibsrtp" or find_spec(name)):
        protect, unprotect = WAYS[name]()
        if protect(plain[0]) != secure[0] or unprotect(secure[0]) != plain[0]:
            raise SystemExit(f"{name} doesn't say the same")
        results[name] = least(WAYS[name]()[0], plain), least(WAYS[name]()[1], secure)
    print(f"best of {_ROUNDS} rounds of {_ROUND:,} packets, target {TARGET:g} µs")
    for name, (protecting, opening) in results.items():
        print(
            f"{name:13} protect {protecting:5.1f} µs ({protecting / results['ours'][0]:.1f} x ours)  "
            f"open {opening:5.1f} µs ({opening / results['ours'][1]:.1f} x ours)"
        )


if __name__ == "__main__":
    main()
