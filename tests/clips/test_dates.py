"""Days and times as people of many countries write them."""

from datetime import date, datetime, time
import json

from homeassistant.generated.languages import LANGUAGES
import pytest

from custom_components.ringcentral.clips.dates import _FILE, dates_of

DAY = date(2026, 11, 20)
AFTERNOON, MORNING = time(15, 5), time(0, 30)


@pytest.fixture
def auto_enable_custom_integrations() -> None:
    """Dates need no Home Assistant."""


@pytest.mark.parametrize(
    ("language", "country", "day", "afternoon", "night"),
    [
        ("en", None, "Friday, 20 November 2026", "15:05", "00:30"),
        ("en", "US", "Friday, November 20, 2026", "3:05\u202fPM", "12:30\u202fAM"),
        ("en", "GB", "Friday, 20 November 2026", "15:05", "00:30"),
        ("en", "AU", "Friday, 20 November 2026", "3:05\u202fpm", "12:30\u202fam"),
        ("en-GB", "US", "Friday, 20 November 2026", "15:05", "00:30"),
        ("de", None, "Freitag, 20. November 2026", "15:05", "00:30"),
        ("de", "US", "Freitag, 20. November 2026", "15:05", "00:30"),
        ("fi", "FI", "perjantai 20. marraskuuta 2026", "15.05", "0.30"),
        ("hu", None, "2026. november 20., péntek", "15:05", "0:30"),
        ("ja", "JP", "2026年11月20日金曜日", "15:05", "0:30"),
        ("ko", "KR", "2026년 11월 20일 금요일", "오후 3:05", "오전 12:30"),
        ("zh-Hant", "TW", "2026年11月20日 星期五", "下午3:05", "上午12:30"),
        ("es-419", "MX", "viernes, 20 de noviembre de 2026", "3:05\u202fp.m.", "12:30\u202fa.m."),
        ("xx", "US", "Friday, November 20, 2026", "3:05\u202fPM", "12:30\u202fAM"),
        ("de-LI", None, "Freitag, 20. November 2026", "15:05", "00:30"),
    ],
)
def test_days_and_times_are_written_as_is_usual(
    language: str, country: str | None, day: str, afternoon: str, night: str
) -> None:
    dates = dates_of(language, country)

    assert (dates.day(DAY), dates.clock(AFTERNOON), dates.clock(MORNING)) == (day, afternoon, night)


def test_a_month_may_have_another_name_next_door() -> None:
    first = date(2027, 1, 1)

    assert dates_of("de", "DE").day(first) == "Freitag, 1. Januar 2027"
    assert dates_of("de", "AT").day(first) == "Freitag, 1. Jänner 2027"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_of_home_assistant_can_write_every_day_and_hour(language: str) -> None:
    known = json.loads(_FILE.read_text("utf-8"))[language]

    for country in (None, *known.get("regions", {})):
        dates = dates_of(language, country)
        days = [dates.day(date(2026, month, 9 + month)) for month in range(1, 13)]
        hours = [dates.clock(datetime(2026, 1, 1, hour, 7)) for hour in range(24)]
        assert len({*days}) == 12 and len({*hours}) == 24
        assert len({*dates.weekdays}) == 7 and len({*dates.months}) == 12
        assert all("2026" in day and "{" not in day for day in days)
        assert all("07" in hour and "{" not in hour for hour in hours)
