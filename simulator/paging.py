"""Lists as RingCentral serves them: a page at a time, counted from 1."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .refusals import Refused

LONGEST_PAGE: Final = 1000
USUAL_PAGE: Final = 100


def page_of(records: Sequence[Any], query: Mapping[str, str], uri: str) -> dict[str, Any]:
    """Return the page of a list that a query asks for; raises Refused.

    A page that is longer than RingCentral makes them is as long as those are, and one behind the end is empty.
    """
    number, asked = _whole(query.get("page", "1")), _whole(query.get("perPage", str(USUAL_PAGE)))
    size = min(asked, LONGEST_PAGE)
    start = (number - 1) * size
    shown = records[start : start + size]
    pages = -(-len(records) // size)

    def link(to: int) -> dict[str, str]:
        return {"uri": f"{uri}?page={to}&perPage={size}"}

    return {
        "uri": link(number)["uri"],
        "records": list(shown),
        "paging": {
            "page": number,
            "perPage": size,
            "totalPages": pages,
            "totalElements": len(records),
            **({"pageStart": start, "pageEnd": start + len(shown) - 1} if shown else {}),
        },
        "navigation": {
            "firstPage": link(1),
            "lastPage": link(max(1, pages)),
            **({"nextPage": link(number + 1)} if number < pages else {}),
            **({"previousPage": link(number - 1)} if number > 1 else {}),
        },
    }


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise Refused("CMN-101")
    return int(text)
