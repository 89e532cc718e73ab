"""G.711 says what ITU-T says."""

import struct

import pytest

from custom_components.ringcentral.softphone.media.g711 import Codec, transcode

ALL_CODES = bytes(range(256))


def ulaw_sample(code: int) -> int:
    """Expand one µ-law code by the formula of G.711 table 2."""
    inverted = ~code & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + 0x84 << ((inverted & 0x70) >> 4)) - 0x84
    return -magnitude if inverted & 0x80 else magnitude


def alaw_sample(code: int) -> int:
    """Expand one A-law code by the formula of G.711 table 1."""
    toggled = code ^ 0x55
    segment = (toggled & 0x70) >> 4
    step = (toggled & 0x0F) << 4
    magnitude = step + 8 if segment == 0 else step + 0x108 << segment - 1
    return magnitude if toggled & 0x80 else -magnitude


@pytest.mark.parametrize(
    ("codec", "sample"), [(Codec.PCMU, ulaw_sample), (Codec.PCMA, alaw_sample)], ids=["PCMU", "PCMA"]
)
def test_all_256_codes_expand_to_the_samples_of_the_standard(codec: Codec, sample: object) -> None:
    assert callable(sample)
    assert struct.unpack("<256h", codec.to_pcm(ALL_CODES)) == tuple(sample(code) for code in range(256))


@pytest.mark.parametrize(
    ("codec", "code", "sample"),
    [
        (Codec.PCMU, 0x00, -32124),
        (Codec.PCMU, 0x80, 32124),
        (Codec.PCMU, 0xFF, 0),
        (Codec.PCMA, 0x2A, -32256),
        (Codec.PCMA, 0xAA, 32256),
        (Codec.PCMA, 0xD5, 8),
        (Codec.PCMA, 0x55, -8),
    ],
)
def test_the_ends_and_the_middle_are_where_the_standard_puts_them(
    codec: Codec, code: int, sample: int
) -> None:
    assert codec.to_pcm(bytes([code])) == struct.pack("<h", sample)


def test_a_law_survives_there_and_back() -> None:
    assert Codec.PCMA.from_pcm(Codec.PCMA.to_pcm(ALL_CODES)) == ALL_CODES


def test_mu_law_survives_there_and_back_but_for_its_negative_zero() -> None:
    assert Codec.PCMU.from_pcm(Codec.PCMU.to_pcm(ALL_CODES)) == ALL_CODES.replace(b"\x7f", b"\xff")


@pytest.mark.parametrize(
    ("codec", "payload_type", "silence"), [(Codec.PCMU, 0, b"\xff"), (Codec.PCMA, 8, b"\xd5")]
)
def test_each_law_knows_its_payload_type_and_silence(codec: Codec, payload_type: int, silence: bytes) -> None:
    assert (codec.payload_type, codec.silence) == (payload_type, silence)


@pytest.mark.parametrize(("source", "target"), [(Codec.PCMU, Codec.PCMA), (Codec.PCMA, Codec.PCMU)])
def test_transcoding_is_expanding_and_compressing(source: Codec, target: Codec) -> None:
    assert transcode(ALL_CODES, source, target) == target.from_pcm(source.to_pcm(ALL_CODES))


def test_transcoding_to_the_same_law_changes_nothing() -> None:
    assert transcode(ALL_CODES, Codec.PCMU, Codec.PCMU) == ALL_CODES


def test_silence_stays_silence_when_transcoded() -> None:
    assert transcode(Codec.PCMU.silence, Codec.PCMU, Codec.PCMA) == Codec.PCMA.silence
