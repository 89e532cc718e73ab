"""Secure RTP: AES in counter mode and truncated HMAC-SHA1 (RFC 3711), with keys that the SDP brought (RFC 4568).

A packet's index is its sequence number and how often that has rolled over (§3.3.1). The sender counts; the receiver
estimates, and only an authentic packet moves its estimate. A packet that was seen already, or is too old to tell, is a
replay (§3.3.2). SRTCP isn't spoken: no RTCP is sent, and what comes is dropped with plain RTCP.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
import hmac
from struct import Struct
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .rtp import header_size

KEY_SIZE: Final = 16
SALT_SIZE: Final = 14
MASTER_SIZE: Final = KEY_SIZE + SALT_SIZE
"""Bytes of a master key and its salt, as `inline:` carries them."""

WINDOW: Final = 64
"""Packets behind the newest that can still be told from a replay; 1.3 s of audio."""

MAX_STREAMS: Final = 16
"""Authentic SSRCs remembered for one key; the one unheard for longest makes room."""

_AUTH_KEY_SIZE: Final = 20
_HALF: Final = 0x8000
_SEEN: Final = (1 << WINDOW) - 1
_SEQUENCE_AND_SSRC: Final = Struct("!xxHxxxxI")
_ROLLOVER: Final = Struct("!I")
_BLOCK: Final = 16
# What a counter block ends in; a UDP datagram has no more blocks. The empty one is for join().
_COUNTERS: Final = [b"", *(block.to_bytes(2) for block in range(0x10000 // _BLOCK))]


class Suite(StrEnum):
    """The crypto suites we speak, the better first (RFC 4568 §6.2)."""

    AES_CM_128_HMAC_SHA1_80 = "AES_CM_128_HMAC_SHA1_80"
    AES_CM_128_HMAC_SHA1_32 = "AES_CM_128_HMAC_SHA1_32"

    @property
    def tag_size(self) -> int:
        """Bytes of the authentication tag of an RTP packet."""
        return 10 if self is Suite.AES_CM_128_HMAC_SHA1_80 else 4


class Rejection(StrEnum):
    """Why a datagram was not opened."""

    NOT_RTP = "not_rtp"
    NOT_AUTHENTIC = "not_authentic"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """What one side encrypts with: key and salt (30 bytes), and the key's name (MKI) if its packets carry one."""

    suite: Suite
    secret: bytes = field(repr=False)
    mki: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        """Raise ValueError for a key of another length."""
        if len(self.secret) != MASTER_SIZE:
            raise ValueError(f"A master key and its salt are {MASTER_SIZE} bytes")


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """The keys of a call: ours protect what we send, theirs what we hear."""

    ours: MasterKey
    theirs: MasterKey


class CounterMode:
    """The AES-CM keystream of a 16-byte key and a 14-byte salt (§4.1.1)."""

    def __init__(self, key: bytes, salt: bytes) -> None:
        """Prepare the key once: to set up a cipher costs more than to encrypt a packet."""
        # Counter mode is made of single encrypted blocks; ECB is how they are asked for, nothing of ours passes it.
        self._encrypt: Callable[[bytes], bytes] = (
            Cipher(algorithms.AES(key), modes.ECB()).encryptor().update  # noqa: S305
        )
        self._salt = int.from_bytes(salt)

    def keystream(self, ssrc: int, index: int, length: int) -> bytes:
        """Return at least `length` bytes, whole blocks."""
        start = (self._salt ^ ssrc << 48 ^ index).to_bytes(SALT_SIZE)
        return self._encrypt(start.join(_COUNTERS[: (length + _BLOCK - 1) // _BLOCK + 1]))

    def apply(self, data: bytes, ssrc: int, index: int) -> bytes:
        """Encrypt, or decrypt."""
        length = len(data)
        stream = self.keystream(ssrc, index, length)
        return (int.from_bytes(data) ^ int.from_bytes(stream[:length])).to_bytes(length)


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """What a master key derives for RTP, at a key derivation rate of 0 (§4.3.1)."""

    encryption: bytes = field(repr=False)
    authentication: bytes = field(repr=False)
    salt: bytes = field(repr=False)


def derive(secret: bytes) -> SessionKeys:
    """Derive the session keys from a master key and its salt."""
    derivation = CounterMode(secret[:KEY_SIZE], secret[KEY_SIZE:])
    # A label stands where a packet has the low byte of its SSRC.
    sizes = enumerate((KEY_SIZE, _AUTH_KEY_SIZE, SALT_SIZE))
    return SessionKeys(*(derivation.keystream(label, 0, size)[:size] for label, size in sizes))


class _Transform:
    """Encryption and authentication under one master key."""

    def __init__(self, master: MasterKey) -> None:
        keys = derive(master.secret)
        self.cipher = CounterMode(keys.encryption, keys.salt)
        self.mki = master.mki
        self._authentication = hmac.new(keys.authentication, digestmod="sha1")
        self._tag_size = master.suite.tag_size
        self.trailer_size = len(master.mki) + self._tag_size

    def tag(self, authenticated: bytes, index: int) -> bytes:
        """Return the tag of a packet up to its trailer (§4.2)."""
        mac = self._authentication.copy()
        mac.update(authenticated)
        mac.update(_ROLLOVER.pack(index >> 16))
        return mac.digest()[: self._tag_size]


class Sender:
    """Protects one RTP stream. There must never be two for one key: they would encrypt different things alike (§9.1)."""

    def __init__(self, master: MasterKey) -> None:
        """Begin with the rollover counter at 0."""
        self._transform = _Transform(master)
        self._newest = -1

    def protect(self, packet: bytes) -> bytes:
        """Return the SRTP datagram of a well-formed RTP packet."""
        start = header_size(packet)
        assert start is not None
        sequence, ssrc = _SEQUENCE_AND_SSRC.unpack_from(packet)
        # Not the nearest index but the next: none may come twice, however long the stream went another way.
        index = self._newest = sequence + (self._newest - sequence + 0x10000 & ~0xFFFF)
        transform = self._transform
        protected = packet[:start] + transform.cipher.apply(packet[start:], ssrc, index)
        return protected + transform.mki + transform.tag(protected, index)


@dataclass(slots=True)
class _Stream:
    """The newest index of one SSRC, and which of the last were seen: bit n is that of newest - n."""

    newest: int
    seen: int = 0

    def replayed(self, index: int) -> bool:
        age = self.newest - index
        return age >= WINDOW or (age >= 0 and bool(self.seen >> age & 1))

    def note(self, index: int) -> None:
        ahead = index - self.newest
        if ahead > 0:
            self.newest = index
            self.seen = (self.seen << min(ahead, WINDOW) | 1) & _SEEN
        else:
            self.seen |= 1 << -ahead


class Opener:
    """Opens what the other side protected with one key.

    Attributes:
        master: the key.
    """

    def __init__(self, master: MasterKey) -> None:
        """Begin with no stream known; a stream's rollover counter begins at 0."""
        self.master = master
        self._transform = _Transform(master)
        self._streams: dict[int, _Stream] = {}

    def unprotect(self, datagram: bytes) -> bytes | Rejection:
        """Return the RTP packet in a datagram, or why there is none. Only an authentic packet changes anything."""
        transform = self._transform
        end = len(datagram) - transform.trailer_size
        start = header_size(datagram)
        if start is None or start > end:
            return Rejection.NOT_RTP
        sequence, ssrc = _SEQUENCE_AND_SSRC.unpack_from(datagram)
        stream = self._streams.get(ssrc) or _Stream(sequence)
        index = estimate(stream.newest, sequence)
        if index < 0 or stream.replayed(index):
            return Rejection.REPLAYED
        authenticated = datagram[:end]
        if not hmac.compare_digest(datagram[end:], transform.mki + transform.tag(authenticated, index)):
            return Rejection.NOT_AUTHENTIC
        stream.note(index)
        self._remember(ssrc, stream)
        return authenticated[:start] + transform.cipher.apply(authenticated[start:], ssrc, index)

    def _remember(self, ssrc: int, stream: _Stream) -> None:
        if self._streams.pop(ssrc, None) is None and len(self._streams) >= MAX_STREAMS:
            del self._streams[next(iter(self._streams))]
        self._streams[ssrc] = stream


class Keyring:
    """Opens what the other side protects while it may change its key.

    What was on its way when the key changed is opened with the old one, until something comes under the new one.
    """

    def __init__(self) -> None:
        """Begin without a key: everything is plain."""
        self._secure = False
        self._current: Opener | None = None
        self._previous: Opener | None = None

    def take(self, master: MasterKey | None) -> None:
        """Expect packets under a key, None for plain ones. The key as before keeps what is known of its packets."""
        self._secure = master is not None
        if master is None or (self._current is not None and self._current.master == master):
            return
        known = self._previous if self._previous is not None and self._previous.master == master else None
        self._current, self._previous = known or Opener(master), self._current

    def unprotect(self, datagram: bytes) -> bytes | Rejection:
        """Return the RTP packet in a datagram, or why there is none."""
        if not self._secure or self._current is None:
            return datagram
        opened = self._current.unprotect(datagram)
        if self._previous is not None:
            if opened is Rejection.NOT_AUTHENTIC:
                return self._previous.unprotect(datagram)
            if not isinstance(opened, Rejection):
                self._previous = None
        return opened


def estimate(newest: int, sequence: int) -> int:
    """Return the index nearest to the newest one with this sequence number (§3.3.1); negative before the first."""
    rollover, low = newest >> 16, newest & 0xFFFF
    if low < _HALF:
        if sequence - low > _HALF:
            rollover -= 1
    elif low - _HALF > sequence:
        rollover += 1
    return rollover << 16 | sequence
