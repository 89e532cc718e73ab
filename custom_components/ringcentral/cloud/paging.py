"""Lists that come in pages (`page` and `perPage`, and `paging` and `navigation` in each answer)."""

from collections.abc import Awaitable, Callable, Mapping

from .answer import Answer
from .endpoints import Endpoint
from .fields import JsonObject, items


async def records_of(
    ask: Callable[[Endpoint], Awaitable[Answer]], endpoint: Endpoint, *, size: int, most: int
) -> list[object]:
    """Return the records of all pages of a list, `most` of them at the most.

    Args:
        ask: asks for a page.
        size: records to a page, at most 1000 (RingCentral's own limit).
        most: so that no list, however long it says it is, is read for ever.

    Raises:
        RingCentralError: as drawn in `errors`; one page that can't be read is as good as none.
    """
    records: list[object] = []
    for number in range(1, -(-most // size) + 1):
        answer = await ask(endpoint.page(number, size))
        document = answer.expect_document(endpoint)
        try:
            found = items(document, "records")
        except ValueError as err:
            answer.unexpected(str(err))
        records += found
        if not found or not _goes_on(document, number):
            break
    return records[:most]


def _goes_on(document: JsonObject, number: int) -> bool:
    """Whether there is another page; their count may be left out, the link to the next one never is."""
    paging, navigation = document.get("paging"), document.get("navigation")
    pages = paging.get("totalPages") if isinstance(paging, Mapping) else None
    if isinstance(pages, int):
        return number < pages
    return isinstance(navigation, Mapping) and bool(navigation.get("nextPage"))
