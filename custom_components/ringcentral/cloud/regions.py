"""Which of RingCentral's regions is near."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Region(StrEnum):
    """Where RingCentral has proxies, by the names it lists them under."""

    NA = "NA"
    EMEA = "EMEA"
    APAC = "APAC"
    LATAM = "LATAM"


NEAREST_FIRST: Final[Mapping[Region, tuple[Region, ...]]] = {
    Region.NA: (Region.NA, Region.LATAM, Region.EMEA, Region.APAC),
    Region.EMEA: (Region.EMEA, Region.NA, Region.APAC, Region.LATAM),
    Region.APAC: (Region.APAC, Region.NA, Region.EMEA, Region.LATAM),
    Region.LATAM: (Region.LATAM, Region.NA, Region.EMEA, Region.APAC),
}

# ISO 3166-1 alpha-2; every other country is EMEA.
_COUNTRIES: Final[Mapping[Region, frozenset[str]]] = {
    Region.NA: frozenset(["US", "CA", "PR", "VI", "UM", "BM", "PM", "GL"]),
    Region.LATAM: frozenset(
        [
            "AG",
            "AI",
            "AR",
            "AW",
            "BB",
            "BL",
            "BO",
            "BQ",
            "BR",
            "BS",
            "BZ",
            "CL",
            "CO",
            "CR",
            "CU",
            "CW",
            "DM",
            "DO",
            "EC",
            "FK",
            "GD",
            "GF",
            "GP",
            "GT",
            "GY",
            "HN",
            "HT",
            "JM",
            "KN",
            "KY",
            "LC",
            "MF",
            "MQ",
            "MS",
            "MX",
            "NI",
            "PA",
            "PE",
            "PY",
            "SR",
            "SV",
            "SX",
            "TC",
            "TT",
            "UY",
            "VC",
            "VE",
            "VG",
        ]
    ),
    Region.APAC: frozenset(
        [
            "AS",
            "AU",
            "BD",
            "BN",
            "BT",
            "CC",
            "CK",
            "CN",
            "CX",
            "FJ",
            "FM",
            "GU",
            "HK",
            "ID",
            "IN",
            "IO",
            "JP",
            "KH",
            "KI",
            "KP",
            "KR",
            "LA",
            "LK",
            "MH",
            "MM",
            "MN",
            "MO",
            "MP",
            "MV",
            "MY",
            "NC",
            "NF",
            "NP",
            "NR",
            "NU",
            "NZ",
            "PF",
            "PG",
            "PH",
            "PK",
            "PN",
            "PW",
            "SB",
            "SG",
            "TH",
            "TK",
            "TL",
            "TO",
            "TV",
            "TW",
            "VN",
            "VU",
            "WF",
            "WS",
        ]
    ),
}

# The IANA name's first part, and the places that are nearer to another region than what surrounds them.
_AREAS: Final = {
    "America": Region.NA,
    "US": Region.NA,
    "Canada": Region.NA,
    "Asia": Region.APAC,
    "Australia": Region.APAC,
    "Pacific": Region.APAC,
    "Indian": Region.APAC,
}
_PLACES: Final[Mapping[str, Region]] = {
    **dict.fromkeys(("Pacific/Honolulu", "Atlantic/Bermuda"), Region.NA),
    **dict.fromkeys(
        (
            "Asia/Amman", "Asia/Baghdad", "Asia/Bahrain", "Asia/Baku", "Asia/Beirut", "Asia/Damascus", "Asia/Dubai",
            "Asia/Istanbul", "Asia/Jerusalem", "Asia/Kuwait", "Asia/Muscat", "Asia/Nicosia", "Asia/Qatar",
            "Asia/Riyadh", "Asia/Tbilisi", "Asia/Tehran", "Asia/Yerevan", "Indian/Mauritius", "Indian/Reunion",
        ),
        Region.EMEA,
    ),
    **dict.fromkeys(
        (
            "America/Asuncion", "America/Bogota", "America/Caracas", "America/Costa_Rica", "America/Guatemala",
            "America/Guayaquil", "America/La_Paz", "America/Lima", "America/Mexico_City", "America/Montevideo",
            "America/Panama", "America/Santiago", "America/Sao_Paulo",
        ),
        Region.LATAM,
    ),
}  # fmt: skip


def region_of(country: str | None, time_zone: str) -> Region:
    """Return the region of a country (ISO 3166-1 alpha-2), or without one of an IANA time zone."""
    if country:
        return next((region for region, codes in _COUNTRIES.items() if country in codes), Region.EMEA)
    if time_zone.startswith("America/Argentina/"):
        return Region.LATAM
    return _PLACES.get(time_zone) or _AREAS.get(time_zone.partition("/")[0], Region.EMEA)
