"""Our keys in the simulator's ear, and its keys in ours: neither was made from the other."""

from hypothesis import given, settings, strategies as st

from custom_components.ringcentral.softphone.media import KEYS, Codec, KeyOrder, Keypad, KeyWay, RtpPacket
from custom_components.ringcentral.softphone.media.playout import FRAME, Playout
from simulator.caller import Log
from simulator.keys import KeyListener, tones_in
from simulator.presses import Press, Way
from simulator.rtp import Packet

LATCH = 5
times = st.integers(2, 25).map(lambda frames: frames * FRAME)


class Fixed:
    """Always the same number."""

    def getrandbits(self, k: int, /) -> int:
        return 7


def sent(order: KeyOrder, *, events: bool) -> list[tuple[float, Packet]]:
    """Return what is sent of these keys, and when."""
    playout = Playout(origin=0.0, randomness=Fixed())
    playout.negotiate(Codec.PCMU, 0, event_payload_type=101, sending=True, now=0.0)
    done: list[bool] = []
    playout.press(order.strokes(events=events), 0.0, done.append)
    packets: list[tuple[float, Packet | None]] = []
    slot = 0
    while not done:
        packets += [(slot * FRAME, Packet.parse(data)) for data in playout.due(slot * FRAME)]
        slot += 1
    return [(at, packet) for at, packet in packets[LATCH:] if packet is not None]


@settings(deadline=None)
@given(st.text(f"{KEYS},", min_size=1, max_size=10), times, times)
def test_events_of_ours_keep_the_rules(keys: str, duration: float, gap: float) -> None:
    log = Log()
    listener = KeyListener(log)
    for at, packet in sent(KeyOrder(keys, duration, gap), events=True):
        if packet.payload_type == 101:
            listener.event(packet, at)
    listener.over()
    assert log.violations == []
    assert listener.keys == keys.replace(",", "")
    assert all(abs(key.duration - duration) < 1e-6 for key in listener.heard)


@settings(deadline=None, max_examples=20)
@given(st.text(KEYS, min_size=1, max_size=4), times, times)
def test_tones_of_ours_are_understood(keys: str, duration: float, gap: float) -> None:
    packets = sent(KeyOrder(keys, duration, gap), events=False)
    assert tones_in(b"".join(packet.payload for _, packet in packets)) == keys


@settings(deadline=None, max_examples=50)
@given(st.lists(st.builds(Press, st.sampled_from(KEYS), st.just(Way.TONES), times), min_size=1, max_size=4))
def test_tones_of_others_are_understood(presses: list[Press]) -> None:
    heard: list[str] = []
    keypad = Keypad()
    keypad.on_key = lambda key, way: heard.append(key)
    payloads = [
        payload
        for press in presses
        for payload in (*(frame.payload for frame in press.frames()), *[b"\xff" * 160] * 3)
    ]
    for number, payload in enumerate(payloads):
        keypad.hear_audio(RtpPacket(0, False, number, number * 160, 42, payload), Codec.PCMU, number * FRAME)
    assert heard == [press.key for press in presses]


@given(st.lists(st.builds(Press, st.sampled_from(KEYS), st.just(Way.EVENT), times), min_size=1, max_size=8))
def test_events_of_others_are_understood(presses: list[Press]) -> None:
    heard: list[tuple[str, KeyWay]] = []
    keypad = Keypad()
    keypad.on_key = lambda key, way: heard.append((key, way))
    for number, press in enumerate(presses):
        for frame in press.frames():
            keypad.hear_event(RtpPacket(101, frame.event == 0, 0, number * 8000, 42, frame.payload), 0.0)
    assert heard == [(press.key, KeyWay.RFC4733) for press in presses]
