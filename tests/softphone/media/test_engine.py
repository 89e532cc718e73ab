"""The sound shell on real sockets: what is sent is heard, and the clock ticks no more than it must."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
import io
import itertools
from pathlib import Path
import random
import select
import socket
from typing import Any
import wave

import audioop
import pytest

from custom_components.ringcentral.softphone.media import engine as engine_module, port as port_module
from custom_components.ringcentral.softphone.media.engine import MediaEngine, MediaSession
from custom_components.ringcentral.softphone.media.errors import MediaError
from custom_components.ringcentral.softphone.media.g711 import Codec, transcode
from custom_components.ringcentral.softphone.media.key_output import KeyOrder
from custom_components.ringcentral.softphone.media.key_tones import key_tones
from custom_components.ringcentral.softphone.media.keys import KeyWay
from custom_components.ringcentral.softphone.media.playout import FRAME
from custom_components.ringcentral.softphone.media.receiver import Drop
from custom_components.ringcentral.softphone.media.rtp import RtpPacket, build, parse
from custom_components.ringcentral.softphone.media.source import Address
from custom_components.ringcentral.softphone.media.srtp import MasterKey, Opener, Sender, SrtpKeys, Suite
from custom_components.ringcentral.softphone.media.writer import ClipResult, ClipWriter

pytestmark = pytest.mark.usefixtures("socket_enabled")

SPEECH = [random.Random(n).randbytes(160) for n in range(60)]
GREETING = b"\x11" * 160 + b"\x22" * 160
SILENCE = b"\xff" * 160
MINUTE = 480_000


class Peer:
    """The far end: a plain UDP socket."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)

    @property
    def address(self) -> Address:
        host, port = self.socket.getsockname()
        return host, port

    def say(self, session: MediaSession, *indices: int, payload_type: int = 0) -> None:
        """Send frames of the speech, in the order given."""
        for index in indices:
            packet = RtpPacket(
                payload_type, False, 65_530 + index & 0xFFFF, 800 + index * 160, 42, SPEECH[index]
            )
            self.send(session, build(packet))

    def send(self, session: MediaSession, datagram: bytes) -> None:
        self.socket.sendto(datagram, ("127.0.0.1", session.port))

    def heard(self) -> list[RtpPacket]:
        """Return what has arrived."""
        arrived = iter(lambda: select.select([self.socket], [], [], 0)[0], [])
        packets = [parse(self.socket.recv(2048)) for _ in arrived]
        return [packet for packet in packets if packet is not None]

    async def hear(self, count: int) -> list[RtpPacket]:
        """Return the next packets that arrive."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            heard = [parse(await loop.sock_recv(self.socket, 2048)) for _ in range(count)]
        return [packet for packet in heard if packet is not None]


@pytest.fixture
def peer(socket_enabled: None) -> Iterator[Peer]:
    made = Peer()
    yield made
    made.socket.close()


@pytest.fixture
def other_peer(socket_enabled: None) -> Iterator[Peer]:
    made = Peer()
    yield made
    made.socket.close()


@pytest.fixture
def writer() -> Iterator[ClipWriter]:
    made = ClipWriter()
    yield made
    assert made.close()


@pytest.fixture
async def engine(writer: ClipWriter, socket_enabled: None) -> AsyncIterator[MediaEngine]:
    made = MediaEngine(writer, bind_host="127.0.0.1", randomness=random.Random(1))
    yield made
    await made.close()


@pytest.fixture
async def session(engine: MediaEngine, peer: Peer) -> MediaSession:
    made = engine.open()
    negotiate(made, peer.address)
    return made


def negotiate(session: MediaSession, remote: Address | None, **changes: Any) -> None:
    terms: dict[str, Any] = {
        "codec": Codec.PCMU, "payload_type": 0, "event_payload_type": 101, "sending": True, "receiving": True,
    }  # fmt: skip
    session.negotiate(remote, **(terms | changes))


async def stopped(session: MediaSession) -> ClipResult:
    result = await session.stop_recording()
    assert result is not None
    return result


def pcm(*indices: int) -> bytes:
    """Return the audio of frames of the speech."""
    return b"".join(Codec.PCMU.to_pcm(SPEECH[index]) for index in indices)


def play(path: Path) -> bytes:
    with wave.open(io.BytesIO(path.read_bytes())) as reader:
        frames: bytes = reader.readframes(reader.getnframes())
        return frames


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the engine has no event to wait for, it ticks
            await asyncio.sleep(0.01)


IN_ORDER = list(range(60))
LOST = bytes(320)


@pytest.mark.parametrize(
    "order",
    [
        IN_ORDER,
        [index ^ 1 for index in IN_ORDER],
        [0, *random.Random(3).sample(range(1, 60), 59)],
        sorted(IN_ORDER * 2),
        [0, *random.Random(4).sample(list(range(1, 60)) * 3, 177)],
    ],
    ids=["in order", "swapped in pairs", "shuffled", "duplicated", "shuffled and tripled"],
)
async def test_every_sample_is_recorded_in_its_place(
    session: MediaSession, peer: Peer, tmp_path: Path, order: list[int]
) -> None:
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, *order)
    result = await stopped(session)
    first = order[0]
    assert result == ClipResult(tmp_path / "clip.wav", (60 - first) * 160)
    assert play(tmp_path / "clip.wav") == pcm(*range(first, 60))


async def test_lost_packets_are_silence_of_their_length(
    session: MediaSession, peer: Peer, tmp_path: Path
) -> None:
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, 0, 1, 4, 5, 7)
    await stopped(session)
    assert play(tmp_path / "clip.wav") == pcm(0, 1) + LOST * 2 + pcm(4, 5) + LOST + pcm(7)
    counted = session.statistics
    assert (counted.received, counted.samples, counted.lost) == (5, 5 * 160, 3)


async def test_the_clock_records_by_itself(session: MediaSession, peer: Peer, tmp_path: Path) -> None:
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, *range(10))
    await until(lambda: session.statistics.received == 10)
    peer.say(session, *range(10, 20))
    await until(lambda: session.statistics.received == 20)
    assert (await stopped(session)).samples == 20 * 160
    assert play(tmp_path / "clip.wav") == pcm(*range(20))


async def test_a_recording_starts_after_it_was_asked_for(
    session: MediaSession, peer: Peer, tmp_path: Path
) -> None:
    peer.say(session, 0, 1, 2)
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, 3, 4)
    await stopped(session)
    assert play(tmp_path / "clip.wav") == pcm(3, 4)


async def test_a_recording_begins_with_what_was_said_before(
    session: MediaSession, peer: Peer, tmp_path: Path
) -> None:
    said = bytes(range(160))
    session.record(tmp_path / "clip.wav", max_samples=MINUTE, lead=said)
    peer.say(session, 0, 1)
    assert (await stopped(session)).samples == 3 * 160
    assert play(tmp_path / "clip.wav") == Codec.PCMU.to_pcm(said) + pcm(0, 1)


async def test_a_recording_ends_at_its_length(session: MediaSession, peer: Peer, tmp_path: Path) -> None:
    session.record(tmp_path / "clip.wav", max_samples=3 * 160)
    peer.say(session, *range(5))
    await until(lambda: session.statistics.received == 5)
    assert session.statistics.misplaced == 2
    assert (await stopped(session)).samples == 3 * 160


async def test_a_second_recording_is_a_clip_of_its_own(
    session: MediaSession, peer: Peer, tmp_path: Path
) -> None:
    session.record(tmp_path / "one.wav", max_samples=MINUTE)
    peer.say(session, 0, 1)
    await stopped(session)
    session.record(tmp_path / "two.wav", max_samples=MINUTE)
    peer.say(session, 2, 3)
    await stopped(session)
    assert play(tmp_path / "one.wav") == pcm(0, 1)
    assert play(tmp_path / "two.wav") == pcm(2, 3)


async def test_two_recordings_at_a_time_are_refused(session: MediaSession, tmp_path: Path) -> None:
    session.record(tmp_path / "one.wav", max_samples=MINUTE)
    with pytest.raises(MediaError, match="already"):
        session.record(tmp_path / "two.wav", max_samples=MINUTE)


async def test_stopping_what_was_not_started_is_nothing(session: MediaSession) -> None:
    assert await session.stop_recording() is None


async def test_nothing_heard_leaves_no_file(session: MediaSession, tmp_path: Path) -> None:
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    assert await stopped(session) == ClipResult(tmp_path / "clip.wav", 0)
    assert files(tmp_path) == []


async def test_closing_finishes_a_recording_with_what_has_arrived(
    session: MediaSession, peer: Peer, tmp_path: Path
) -> None:
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, 0, 1, 2)
    session.close()
    session.close()
    assert (await stopped(session)).samples == 480
    assert await session.stop_recording() is None
    assert play(tmp_path / "clip.wav") == pcm(0, 1, 2)


async def test_closing_the_engine_and_the_writer_loses_nothing(
    engine: MediaEngine, writer: ClipWriter, session: MediaSession, peer: Peer, tmp_path: Path
) -> None:
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, 0, 1, 2)
    await engine.close()
    assert writer.close()
    assert play(tmp_path / "clip.wav") == pcm(0, 1, 2)


async def test_a_closed_session_records_no_more(session: MediaSession, tmp_path: Path) -> None:
    session.close()
    with pytest.raises(MediaError, match="no sound"):
        session.record(tmp_path / "clip.wav", max_samples=MINUTE)


async def test_an_a_law_call_is_recorded(engine: MediaEngine, peer: Peer, tmp_path: Path) -> None:
    session = engine.open()
    negotiate(session, peer.address, codec=Codec.PCMA, payload_type=8)
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, 0, 1, payload_type=8)
    await stopped(session)
    assert play(tmp_path / "clip.wav") == Codec.PCMA.to_pcm(SPEECH[0] + SPEECH[1])


async def test_what_arrived_before_a_renegotiation_is_heard_under_the_old_terms(
    session: MediaSession, peer: Peer, tmp_path: Path
) -> None:
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, 0)
    negotiate(session, peer.address, codec=Codec.PCMA, payload_type=8)
    peer.say(session, 1, payload_type=8)
    await stopped(session)
    alaw = transcode(SPEECH[1], Codec.PCMA, Codec.PCMU)
    assert play(tmp_path / "clip.wav") == pcm(0) + Codec.PCMU.to_pcm(alaw)


async def test_what_arrives_before_the_first_negotiation_is_heard_after_it(
    engine: MediaEngine, peer: Peer, tmp_path: Path
) -> None:
    session = engine.open()
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, 0, 1, 2)
    session.drain(engine.now())
    negotiate(session, peer.address)
    peer.say(session, 3)
    result = await stopped(session)
    assert play(result.path) == pcm(0, 1, 2, 3)
    assert not session.statistics.dropped


async def test_a_call_on_hold_is_not_recorded(session: MediaSession, peer: Peer, tmp_path: Path) -> None:
    negotiate(session, peer.address, receiving=False)
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, 0, 1)
    assert (await stopped(session)).samples == 0
    assert session.statistics.dropped == {Drop.NOT_RECEIVING: 2}


async def test_a_far_end_behind_nat_is_learned_and_answered(
    session: MediaSession, peer: Peer, other_peer: Peer, tmp_path: Path
) -> None:
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    other_peer.say(session, *range(10))
    await until(lambda: session.statistics.received == 10)
    peer.say(session, *range(10, 20))
    await stopped(session)
    assert play(tmp_path / "clip.wav") == pcm(*range(10))
    assert session.statistics.dropped[Drop.UNKNOWN_SOURCE] == 10
    assert await session.play(b"\x33" * 160)
    assert other_peer.heard()[-1].payload == b"\x33" * 160


async def test_without_an_address_nothing_is_sent_until_one_is_learned(
    engine: MediaEngine, peer: Peer
) -> None:
    session = engine.open()
    negotiate(session, None)
    playing = session.play(GREETING)
    assert session.next_due is None
    peer.say(session, *range(4))
    assert await playing
    assert (await peer.hear(1))[0].payload == SILENCE


async def test_a_negotiation_opens_the_path_with_silence(session: MediaSession, peer: Peer) -> None:
    latch = await peer.hear(5)
    assert [packet.payload for packet in latch] == [SILENCE] * 5
    assert [packet.timestamp - latch[0].timestamp for packet in latch] == [0, 160, 320, 480, 640]
    assert [packet.sequence - latch[0].sequence for packet in latch] == [0, 1, 2, 3, 4]


async def test_a_greeting_is_heard_from_end_to_end(session: MediaSession, peer: Peer) -> None:
    assert await session.play(GREETING) is True
    heard = await peer.hear(7)
    assert b"".join(packet.payload for packet in heard[5:]) == GREETING
    assert session.statistics.sent == 7


async def test_the_caller_is_recorded_while_the_greeting_plays(
    session: MediaSession, peer: Peer, tmp_path: Path
) -> None:
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    playing = session.play(GREETING)
    peer.say(session, *range(10))
    assert await playing
    peer.say(session, *range(10, 15))
    await stopped(session)
    assert play(tmp_path / "clip.wav") == pcm(*range(15))


async def play_another(session: MediaSession) -> None:
    session.play(GREETING)


async def test_a_tone_is_heard_in_the_silence(session: MediaSession, peer: Peer) -> None:
    tone = b"\x30" * 160
    session.overlay(tone)
    await until(lambda: tone in [packet.payload for packet in peer.heard()])
    session.close()
    session.overlay(tone)


async def stop_playing(session: MediaSession) -> None:
    session.stop_playing()


async def close_session(session: MediaSession) -> None:
    session.close()


@pytest.mark.parametrize("interrupt", [play_another, stop_playing, close_session])
async def test_an_interrupted_greeting_says_so(
    session: MediaSession, interrupt: Callable[[MediaSession], Awaitable[None]]
) -> None:
    playing = session.play(GREETING * 100)
    await interrupt(session)
    assert await playing is False


async def test_a_greeting_nobody_waits_for_any_more_disturbs_nothing(session: MediaSession) -> None:
    session.play(GREETING).cancel()
    await until(lambda: session.statistics.sent == 7)


async def test_an_empty_greeting_is_over_at_once(session: MediaSession) -> None:
    assert await session.play(b"") is True


async def test_a_closed_session_plays_nothing(session: MediaSession) -> None:
    session.close()
    assert await session.play(GREETING) is False


async def test_a_closed_session_ignores_a_late_negotiation(session: MediaSession, peer: Peer) -> None:
    session.close()
    negotiate(session, peer.address)
    session.drain(0.0)
    session.send(0.0)
    assert session.statistics.sent == 0


async def test_an_address_that_is_a_name_is_refused_and_changes_nothing(
    session: MediaSession, peer: Peer
) -> None:
    with pytest.raises(MediaError, match="isn't an IPv4 address"):
        negotiate(session, ("media.example.com", 4000))
    assert len(await peer.hear(5)) == 5


async def test_an_address_of_zeros_is_hold(session: MediaSession) -> None:
    negotiate(session, ("0.0.0.0", 4000))
    assert session.next_due is None


async def test_telephone_events_are_passed_on(session: MediaSession, peer: Peer) -> None:
    digits: list[bytes] = []
    peer.send(session, build(RtpPacket(101, True, 1, 0, 42, b"\x05\x0a\x00\xa0")))
    await until(lambda: session.statistics.events == 1)
    session.on_event = lambda packet: digits.append(packet.payload)
    peer.send(session, build(RtpPacket(101, True, 2, 0, 42, b"\x06\x0a\x00\xa0")))
    await until(lambda: session.statistics.events == 2)
    assert digits == [b"\x06\x0a\x00\xa0"]


async def test_what_is_heard_is_passed_on_with_its_law(session: MediaSession, peer: Peer) -> None:
    heard: list[tuple[int, Codec]] = []
    peer.say(session, 0)
    session.drain(0.0)
    session.on_audio = lambda packet, codec: heard.append((len(packet.payload), codec))
    peer.say(session, 1)
    session.drain(0.0)
    assert heard == [(160, Codec.PCMU)]


async def test_a_telephone_event_may_end_the_call(session: MediaSession, peer: Peer, tmp_path: Path) -> None:
    session.on_event = lambda _: session.close()
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, 0)
    peer.send(session, build(RtpPacket(101, True, 1, 0, 42, b"\x05\x0a\x00\xa0")))
    session.drain(0.0)
    assert (await stopped(session)).samples == 160
    assert session.statistics.receive_errors == 0


async def test_a_taker_of_events_that_fails_does_not_stop_the_clock(
    session: MediaSession, peer: Peer
) -> None:
    failures: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: failures.append(str(context["exception"]))
    )

    def fail(_: RtpPacket) -> None:
        raise RuntimeError("taker")

    session.on_event = fail
    peer.send(session, build(RtpPacket(101, True, 1, 0, 42, b"\x05\x0a\x00\xa0")))
    await until(lambda: failures == ["taker"])
    peer.say(session, 0)
    await until(lambda: session.statistics.received == 1)


async def test_statistics_tell_what_happened(session: MediaSession, peer: Peer) -> None:
    assert session.statistics.last_heard is None
    peer.say(session, 0, 1)
    peer.say(session, 2, payload_type=9)
    peer.send(session, b"hello")
    await until(lambda: session.statistics.received == 2)
    statistics = session.statistics
    assert statistics.dropped == {Drop.FOREIGN_PAYLOAD: 1, Drop.NOT_RTP: 1}
    assert statistics.last_heard is not None
    assert (statistics.misplaced, statistics.receive_errors, statistics.send_errors) == (0, 0, 0)


async def test_a_port_that_is_closed_at_the_far_end_is_counted(session: MediaSession, peer: Peer) -> None:
    peer.socket.close()
    session._socket.connect(("127.0.0.1", 9))
    session._socket.send(b"to nobody")
    session.drain(0.0)
    assert session.statistics.receive_errors == 1


async def test_what_the_network_does_not_take_is_counted(engine: MediaEngine) -> None:
    session = engine.open()
    negotiate(session, ("255.255.255.255", 9))
    assert await session.play(b"\x11" * 160) is True
    assert (session.statistics.sent, session.statistics.send_errors) == (0, 6)


async def test_a_flood_is_read_in_portions(
    session: MediaSession, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "MAX_DRAIN", 10)
    peer.say(session, *range(30))
    session.drain(0.0)
    assert session.statistics.received == 10
    session.drain(0.0)
    assert session.statistics.received == 20


async def test_ports_are_even_and_their_own(engine: MediaEngine) -> None:
    ports = [engine.open().port for _ in range(20)]
    assert len(set(ports)) == 20
    assert [port % 2 for port in ports] == [0] * 20


async def test_datagrams_are_marked_for_expedited_forwarding(session: MediaSession) -> None:
    assert session._socket.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 46 << 2


async def test_a_closed_session_gives_its_port_back(session: MediaSession) -> None:
    session.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", session.port))


async def test_an_address_that_is_not_ours_has_no_port(writer: ClipWriter) -> None:
    with pytest.raises(MediaError, match="No UDP port is free"):
        MediaEngine(writer, bind_host="192.0.2.1").open()


class OnPort:
    """As much of a socket as choosing a port needs."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.closed = False

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def close(self) -> None:
        self.closed = True


async def test_the_even_neighbour_of_an_odd_port_is_taken(
    engine: MediaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = [OnPort(40_001), OnPort(40_003), OnPort(40_002)]
    sockets: dict[int, list[OnPort | None]] = {
        0: [offered[0], offered[1]],
        40_000: [None],
        40_002: [offered[2]],
    }
    monkeypatch.setattr(port_module, "_bind", lambda _, port: sockets[port].pop(0))
    session = engine.open()
    assert session.port == 40_002
    assert [made.closed for made in offered] == [True, True, False]
    engine.forget(session)


async def test_a_host_with_odd_ports_only_is_given_up(
    engine: MediaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port_module, "_bind", lambda _, port: None if port else OnPort(40_001))
    with pytest.raises(MediaError, match="No UDP port is free"):
        engine.open()


class Clock:
    """Time that stands still unless told."""

    def __init__(self) -> None:
        self.time = 5000.0

    def __call__(self) -> float:
        return self.time


def next_tick(engine: MediaEngine) -> float:
    """Return the seconds until the clock's next tick."""
    assert engine._timer is not None
    return engine._timer.when() - asyncio.get_running_loop().time()


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that the event loop goes by too."""
    made = Clock()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", made)
    return made


@pytest.fixture
async def still(writer: ClipWriter, clock: Clock, socket_enabled: None) -> AsyncIterator[MediaEngine]:
    """An engine whose time is ``clock``, so that it only ticks when told."""
    made = MediaEngine(writer, bind_host="127.0.0.1", clock=clock, randomness=random.Random(1))
    yield made
    await made.close()


def tick(engine: MediaEngine, clock: Clock, seconds: float) -> float:
    """Let time pass, tick, and return the seconds to the next tick."""
    assert engine._timer is not None
    engine._timer.cancel()
    clock.time += seconds
    engine._tick()
    return next_tick(engine)


async def test_the_clock_ticks_ten_times_a_second_while_only_receiving(
    still: MediaEngine, clock: Clock
) -> None:
    for _ in range(3):
        still.open()
    waits = [
        tick(still, clock, 0.0),
        tick(still, clock, 0.1),
        tick(still, clock, 0.103),
        tick(still, clock, 0.097),
    ]
    assert waits == pytest.approx([0.1, 0.1, 0.097, 0.1])


async def test_the_clock_ticks_every_20_ms_while_something_is_sent(
    still: MediaEngine, clock: Clock, peer: Peer
) -> None:
    session = still.open()
    negotiate(session, peer.address)
    waits = [tick(still, clock, seconds) for seconds in (0.0, 0.02, 0.02, 0.02, 0.02, 0.02)]
    assert waits == pytest.approx([0.02, 0.02, 0.02, 0.02, 0.02, 0.1])
    assert session.statistics.sent == 5


async def test_two_greetings_share_their_ticks(
    still: MediaEngine, clock: Clock, peer: Peer, other_peer: Peer
) -> None:
    sessions = [still.open(), still.open()]
    negotiate(sessions[0], peer.address)
    clock.time += 0.013
    negotiate(sessions[1], other_peer.address)
    assert tick(still, clock, 0.007) == pytest.approx(0.02)
    assert [session.statistics.sent for session in sessions] == [2, 1]


async def test_sockets_are_read_ten_times_a_second_even_while_something_is_sent(
    still: MediaEngine, clock: Clock, peer: Peer
) -> None:
    session = still.open()
    negotiate(session, peer.address)
    tick(still, clock, 0.0)
    peer.say(session, 0)
    received = [(tick(still, clock, 0.02), session.statistics.received)[1] for _ in range(5)]
    assert received == [0, 0, 0, 0, 1]


async def test_audio_is_on_disk_within_a_second_of_being_heard(
    still: MediaEngine, writer: ClipWriter, clock: Clock, peer: Peer, tmp_path: Path
) -> None:
    session = still.open()
    negotiate(session, peer.address)
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    peer.say(session, *range(5))
    for _ in range(9):
        tick(still, clock, 0.1)
    writer.begin(tmp_path / "after.wav", Codec.PCMU).finish().result(10)
    assert play(tmp_path / "clip.wav") == pcm(*range(5))


async def test_a_clock_that_was_held_up_goes_on_in_step(still: MediaEngine, clock: Clock) -> None:
    still.open()
    tick(still, clock, 0.0)
    assert tick(still, clock, 3.33) == pytest.approx(0.07)


async def test_the_clock_stops_with_the_last_session(engine: MediaEngine) -> None:
    sessions = [engine.open(), engine.open()]
    sessions[0].close()
    assert engine._timer is not None
    sessions[1].close()
    assert engine._timer is None


async def test_a_secure_call_is_heard_and_spoken_under_the_key_of_each_side(
    session: MediaSession, peer: Peer, tmp_path: Path
) -> None:
    ours, theirs = (MasterKey(Suite.AES_CM_128_HMAC_SHA1_32, bytes([number]) * 30) for number in (1, 2))
    negotiate(session, peer.address, srtp=SrtpKeys(ours, theirs))
    session.record(tmp_path / "clip.wav", max_samples=MINUTE)
    sender = Sender(theirs)
    for number, frame in enumerate(SPEECH):
        peer.send(session, sender.protect(build(RtpPacket(0, False, number, number * 160, 42, frame))))
    peer.send(session, build(RtpPacket(0, False, 60, 60 * 160, 42, SPEECH[0])))
    await stopped(session)
    assert play(tmp_path / "clip.wav") == pcm(*range(60))
    assert session.statistics.dropped == {Drop.NOT_AUTHENTIC: 1}
    assert await session.play(GREETING)
    opener = Opener(ours)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        opened = [opener.unprotect(await loop.sock_recv(peer.socket, 2048)) for _ in range(7)]
    heard = [parse(datagram) for datagram in opened if isinstance(datagram, bytes)]
    assert b"".join(packet.payload for packet in heard if packet)[-len(GREETING) :] == GREETING


async def test_keys_are_heard_both_ways(session: MediaSession, peer: Peer) -> None:
    heard: list[tuple[str, KeyWay]] = []
    session.keypad.on_key = lambda key, way: heard.append((key, way))
    for start in range(0, 640, 160):
        peer.send(session, build(RtpPacket(0, False, start, start, 42, key_tones("5", 640)[start:][:160])))
    session.drain(0.0)
    for number in range(3):
        peer.send(session, build(RtpPacket(101, False, number, 100, 42, b"\x06\x8a\x03\x20")))
    session.drain(0.0)
    assert heard == [("5", KeyWay.IN_BAND), ("6", KeyWay.RFC4733)]


async def test_the_stray_end_of_a_key_is_no_sound_and_no_key(session: MediaSession, peer: Peer) -> None:
    heard: list[str] = []
    session.keypad.on_key = lambda key, way: heard.append(key)
    session.on_audio = lambda packet, codec: heard.append("sound")
    peer.send(session, build(RtpPacket(0, False, 0, 0, 42, b"\x05\x8a\x03\xc0")))
    session.drain(0.0)
    assert heard == []
    assert session.statistics.dropped == {Drop.STRAY_PAYLOAD: 1}


async def pressed(session: MediaSession, order: KeyOrder) -> bool:
    done = asyncio.get_running_loop().create_future()
    session.press(order, done.set_result)
    async with asyncio.timeout(10):
        return bool(await done)


async def test_keys_go_out_as_events_where_they_are_agreed_on(session: MediaSession, peer: Peer) -> None:
    await peer.hear(5)
    assert await pressed(session, KeyOrder("5", 0.04, 0.04))
    packets = await peer.hear(4)
    assert [(packet.payload_type, packet.payload[0]) for packet in packets] == [(101, 5)] * 4


@pytest.mark.parametrize(("events", "way"), [(None, KeyWay.AUTO), (101, KeyWay.IN_BAND)])
async def test_keys_go_out_as_tones_where_they_must(
    session: MediaSession, peer: Peer, events: int | None, way: KeyWay
) -> None:
    await peer.hear(5)
    negotiate(session, peer.address, event_payload_type=events)
    await peer.hear(5)
    assert await pressed(session, KeyOrder("5", 0.04, 0.04, way))
    packets = await peer.hear(4)
    assert b"".join(packet.payload for packet in packets) == key_tones("5", 320) + SILENCE * 2


async def test_keys_that_cannot_go_as_asked_are_not_sent(session: MediaSession, peer: Peer) -> None:
    negotiate(session, peer.address, event_payload_type=None)
    assert not await pressed(session, KeyOrder("5", way=KeyWay.RFC4733))
    session.close()
    assert not await pressed(session, KeyOrder("5"))


async def test_closing_ends_the_keys(session: MediaSession) -> None:
    done: list[bool] = []
    session.press(KeyOrder("5"), done.append)
    session.close()
    assert done == [False]


async def test_both_sides_are_recorded_without_keys_and_nothing_after_them(
    session: MediaSession, peer: Peer, tmp_path: Path
) -> None:
    session.record(tmp_path / "both.wav", max_samples=MINUTE, both_sides=True)
    assert await session.play(GREETING)
    pressed = asyncio.get_running_loop().create_future()
    session.press(KeyOrder("1", way=KeyWay.IN_BAND), pressed.set_result)
    assert await pressed
    peer.say(session, 0, 1)
    await until(lambda: session.statistics.received == 2)
    result = await stopped(session)

    frames = play(tmp_path / "both.wav")
    heard, said = audioop.tomono(frames, 2, 1, 0), audioop.tomono(frames, 2, 0, 1)
    assert len(frames) == 4 * result.samples
    assert heard.strip(b"\0") in pcm(0, 1) and pcm(0, 1)[2:-2] in heard
    assert said.replace(Codec.PCMU.to_pcm(GREETING), b"").strip(b"\0") == b""
    assert len(said) > len(said.replace(Codec.PCMU.to_pcm(GREETING), b""))

    session.record(tmp_path / "one.wav", max_samples=MINUTE)
    peer.say(session, 2)
    assert await session.play(GREETING)
    await until(lambda: session.statistics.received == 3)
    assert (await stopped(session)).samples == 160
    assert play(tmp_path / "one.wav") == pcm(2)


async def test_while_both_sides_are_recorded_it_is_known_when_something_comes(
    engine: MediaEngine, session: MediaSession, peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = engine.open()
    drained: list[float] = []
    monkeypatch.setattr(other, "drain", drained.append)
    session.record(tmp_path / "clip.wav", max_samples=MINUTE, both_sides=True)
    await until(lambda: len(drained) > 20)
    await session.stop_recording()
    closely = len(drained)
    await until(lambda: len(drained) > closely + 10)

    gaps = [round((after - before) / FRAME) for before, after in itertools.pairwise(drained)]
    assert sorted(gaps[1 : closely - 2])[10] == 1
    assert sorted(gaps[closely + 2 :])[4] == 5
