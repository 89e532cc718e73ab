"""What the demo concludes from what it sees."""

from pathlib import Path
from typing import Any

import pytest

from simulator.demo import _described, complaints


@pytest.mark.parametrize(
    ("kind", "changes", "text"),
    [
        ("incoming", {}, "incoming from Anna"),
        ("incoming", {"caller_name": None}, "incoming from +1555"),
        ("incoming", {"caller_name": None, "caller": None}, "incoming from somebody anonymous"),
        ("answered", {}, "answered"),
        ("missed", {"end_reason": "cancelled"}, "missed: cancelled"),
        ("ended", {"duration": 4.2, "end_reason": "remote_hangup"}, "ended after 4.2 s: remote_hangup"),
        (
            "recording_saved",
            {"duration": 3.1, "media_content_id": "media-source://x"},
            "recording_saved: 3.1 s, media-source://x",
        ),
    ],
)
def test_events_are_described_in_words(kind: str, changes: dict[str, Any], text: str) -> None:
    attributes = {
        "caller_name": "Anna",
        "caller": "+1555",
        "duration": None,
        "end_reason": None,
        "media_content_id": None,
    }

    assert _described(kind, attributes | changes) == text


def test_only_complaints_about_this_integration_count(tmp_path: Path) -> None:
    log = tmp_path / "home-assistant.log"
    blamed = [
        "2026-11-22 ERROR (MainThread) [custom_components.ringcentral] A message could not be filed",
        "2026-11-22 WARNING (MainThread) [asyncio] Executing <Task name='softphone line'> took 0.2 seconds",
        "2026-11-22 CRITICAL (MainThread) [homeassistant] RingCentral broke",
    ]
    others = [
        "2026-11-22 INFO (MainThread) [custom_components.ringcentral] The line is back",
        "2026-11-22 WARNING (MainThread) [homeassistant.components.http] Something else",
        "2026-11-22 WARNING (SyncWorker) We found a custom integration ringcentral which has not been tested by Home Assistant.",
    ]
    log.write_bytes("\n".join([others[0], *blamed, *others[1:]]).encode() + b"\n\xff\xfe")

    assert complaints(log) == blamed
