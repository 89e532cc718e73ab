"""Lists come in pages as RingCentral documents them."""

import pytest

from simulator.paging import page_of
from simulator.refusals import Refused

URI = "https://example.com/list"


def test_a_page_says_where_it_is_and_what_else_there_is() -> None:
    page = page_of(list(range(25)), {"page": "2", "perPage": "10"}, URI)

    assert page == {
        "uri": f"{URI}?page=2&perPage=10",
        "records": list(range(10, 20)),
        "paging": {
            "page": 2,
            "perPage": 10,
            "pageStart": 10,
            "pageEnd": 19,
            "totalPages": 3,
            "totalElements": 25,
        },
        "navigation": {
            "firstPage": {"uri": f"{URI}?page=1&perPage=10"},
            "previousPage": {"uri": f"{URI}?page=1&perPage=10"},
            "nextPage": {"uri": f"{URI}?page=3&perPage=10"},
            "lastPage": {"uri": f"{URI}?page=3&perPage=10"},
        },
    }


def test_the_last_page_has_no_next_and_the_first_none_before() -> None:
    page = page_of([1], {}, URI)

    assert set(page["navigation"]) == {"firstPage", "lastPage"}
    assert page["paging"]["perPage"] == 100


def test_a_list_may_be_empty_and_a_page_behind_its_end() -> None:
    assert page_of([], {}, URI)["paging"] == {"page": 1, "perPage": 100, "totalPages": 0, "totalElements": 0}
    assert page_of([1], {"page": "9"}, URI)["records"] == []


def test_no_page_is_longer_than_a_thousand() -> None:
    page = page_of(list(range(1500)), {"perPage": "5000"}, URI)

    assert (len(page["records"]), page["paging"]["perPage"], page["paging"]["totalPages"]) == (1000, 1000, 2)


@pytest.mark.parametrize("query", [{"page": "0"}, {"perPage": "0"}, {"page": "-1"}, {"page": "two"}])
def test_a_page_that_is_none_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        page_of([1], query, URI)
    assert caught.value.code == "CMN-101"
