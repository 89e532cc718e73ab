"""Which of RingCentral's regions is near."""

import pytest

from custom_components.ringcentral.cloud import Region, region_of
from custom_components.ringcentral.cloud.regions import NEAREST_FIRST


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("US", Region.NA),
        ("CA", Region.NA),
        ("MX", Region.LATAM),
        ("BR", Region.LATAM),
        ("AU", Region.APAC),
        ("JP", Region.APAC),
        ("IN", Region.APAC),
        ("DE", Region.EMEA),
        ("GB", Region.EMEA),
        ("ZA", Region.EMEA),
        ("AE", Region.EMEA),
    ],
)
def test_a_country_is_in_one_region_whatever_the_clock_says(country: str, region: Region) -> None:
    assert region_of(country, "America/New_York") is region


@pytest.mark.parametrize(
    ("time_zone", "region"),
    [
        ("America/New_York", Region.NA),
        ("US/Pacific", Region.NA),
        ("Pacific/Honolulu", Region.NA),
        ("America/Sao_Paulo", Region.LATAM),
        ("America/Argentina/Buenos_Aires", Region.LATAM),
        ("Europe/Berlin", Region.EMEA),
        ("Africa/Lagos", Region.EMEA),
        ("Asia/Dubai", Region.EMEA),
        ("Asia/Tokyo", Region.APAC),
        ("Australia/Sydney", Region.APAC),
        ("Pacific/Auckland", Region.APAC),
        ("UTC", Region.EMEA),
    ],
)
def test_without_a_country_the_time_zone_tells(time_zone: str, region: Region) -> None:
    assert region_of(None, time_zone) is region


@pytest.mark.parametrize("region", Region)
def test_every_region_is_nearest_to_itself_and_knows_all_others(region: Region) -> None:
    assert NEAREST_FIRST[region][0] is region
    assert sorted(NEAREST_FIRST[region]) == sorted(Region)
