"""One HTTP answer, and which error a refusal is."""

from collections.abc import Mapping
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.cloud import errors
from custom_components.ringcentral.cloud.answer import MAX_RETRY_AFTER, Answer
from custom_components.ringcentral.cloud.endpoints import EXTENSION, REVOKE, SIP_PROVISION, TOKEN, Endpoint


def _answer(status: int, document: object = None, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer.read(status, headers or {}, json.dumps(document).encode())


def _error(code: str, **members: Any) -> dict[str, Any]:
    return {"errorCode": code, "message": "", "errors": [{"errorCode": code, **members}]}


def _refusal(answer: Answer, endpoint: Endpoint = SIP_PROVISION) -> errors.RingCentralError:
    with pytest.raises(errors.RingCentralError) as caught:
        answer.expect_document(endpoint)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 299])
def test_an_object_is_returned(status: int) -> None:
    assert _answer(status, {"id": 5}).expect_document(EXTENSION) == {"id": 5}


@pytest.mark.parametrize("status", [199, 300, 307, 404])
def test_an_object_with_another_status_is_not(status: int) -> None:
    error = _refusal(_answer(status, {"id": 5}))

    assert type(error) is errors.UnexpectedAnswer
    assert f"status {status}" in str(error)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff\xfe\x00", b"[1]", b'"text"', b"null", b"[" * 200_000, b"1" * 5000]
)
def test_a_body_that_is_no_object_is_unexpected(body: bytes) -> None:
    answer = Answer.read(200, {"RCRequestId": "abc-1"}, body)

    assert answer.document is None
    error = _refusal(answer)
    assert type(error) is errors.UnexpectedAnswer
    assert error.request_id == "abc-1"


@pytest.mark.parametrize("junk", ["", "a b", "a\r\nb", "x" * 81])
def test_a_request_id_that_is_none_is_dropped(junk: str) -> None:
    assert Answer.read(200, {"RCRequestId": junk}, b"{}").request_id is None


def test_the_list_of_errors_goes_before_the_older_name_at_the_top() -> None:
    document = {"errorCode": "InsufficientPermissions", "errors": [{"errorCode": "CMN-401"}]}

    assert _answer(403, document).error_code == "CMN-401"


def test_the_first_error_of_the_list_counts() -> None:
    document = {"errorCode": "CMN-999", "errors": [{"errorCode": "SPR-118"}, {"errorCode": "CMN-101"}]}

    assert _answer(400, document).error_code == "SPR-118"


@pytest.mark.parametrize(
    "listed", [None, [], "x", [5], [{}], [{"errorCode": 5}], [{"errorCode": "TokenInvalid"}]]
)
def test_the_top_level_counts_when_the_list_says_nothing(listed: object) -> None:
    assert _answer(403, {"errorCode": "CMN-402", "errors": listed}).error_code == "CMN-402"


@pytest.mark.parametrize(
    "junk", ["TokenExpired", "", "cmn-401", "CMN-401 +17203861294", "X" * 500, None, 401, {}]
)
def test_a_code_of_another_form_is_none(junk: object) -> None:
    assert _answer(403, {"errorCode": junk}).error_code is None


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "OAU-112", errors.GrantNotEnabled),
        (400, "OAU-125", errors.GrantNotEnabled),
        (400, "OAU-251", errors.GrantNotEnabled),
        (400, "OAU-165", errors.WrongEnvironment),
        (401, "OAU-120", errors.WrongApp),
        (401, "OAU-121", errors.WrongApp),
        (401, "OAU-123", errors.WrongApp),
        (401, "OAU-134", errors.WrongApp),
        (401, "OAU-146", errors.WrongApp),
        (401, "OAU-153", errors.WrongApp),
        (400, "OAU-140", errors.WrongJwt),
        (400, "OAU-136", errors.ExtensionUnusable),
        (400, "OAU-141", errors.ExtensionUnusable),
        (400, "OAU-142", errors.ExtensionUnusable),
        (400, "OAU-147", errors.ExtensionUnusable),
        (400, "OAU-148", errors.ExtensionUnusable),
        (403, "CMN-401", errors.MissingPermission),
        (401, "CMN-401", errors.MissingPermission),
        (403, "BIL-103", errors.FeatureUnavailable),
        (403, "CMN-402", errors.FeatureUnavailable),
        (403, "CMN-408", errors.FeatureUnavailable),
        (403, "SPR-101", errors.FeatureUnavailable),
        (403, "SPR-112", errors.FeatureUnavailable),
        (403, "SPR-122", errors.NotAllowed),
        (401, "CMN-405", errors.UnexpectedAnswer),
        (400, "CMN-101", errors.UnexpectedAnswer),
        (404, "CMN-102", errors.UnexpectedAnswer),
    ],
)
def test_a_documented_code_is_its_error(status: int, code: str, kind: type[Exception]) -> None:
    error = _refusal(_answer(status, _error(code), {"RCRequestId": "abc"}))

    assert type(error) is kind
    assert (error.error_code, error.request_id) == (code, "abc")


@pytest.mark.parametrize(
    ("oauth", "kind"),
    [
        ("invalid_client", errors.WrongApp),
        ("unauthorized_client", errors.GrantNotEnabled),
        ("invalid_grant", errors.WrongJwt),
        ("invalid_request", errors.SignInRefused),
        (["invalid_grant"], errors.SignInRefused),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_the_token_endpoint_may_speak_plain_oauth(status: int, oauth: object, kind: type[Exception]) -> None:
    assert type(_refusal(_answer(status, {"error": oauth}), TOKEN)) is kind


def test_a_code_goes_before_the_oauth_error() -> None:
    document = {"error": "invalid_grant", **_error("OAU-251")}

    assert type(_refusal(_answer(400, document), TOKEN)) is errors.GrantNotEnabled


@pytest.mark.parametrize("document", [None, {}, {"message": "Forbidden"}])
@pytest.mark.parametrize("endpoint", [TOKEN, EXTENSION])
def test_a_refusal_that_ringcentral_did_not_write_says_nothing_about_credentials(
    document: object, endpoint: Endpoint
) -> None:
    assert type(_refusal(_answer(403, document), endpoint)) is errors.UnexpectedAnswer


def test_a_missing_page_instead_of_the_token_endpoint_is_no_refused_sign_in() -> None:
    assert type(_refusal(_answer(404, {"error": "not found"}), TOKEN)) is errors.UnexpectedAnswer


@pytest.mark.parametrize(
    ("members", "permission"),
    [
        ({"permissionName": "ReadAccounts"}, "ReadAccounts"),
        ({"message": "application needs to have [ReadPresence] permission"}, "ReadPresence"),
        ({"permissionName": "a b", "message": "needs [ReadPresence]"}, "ReadPresence"),
        ({"permissionName": 5, "message": 5}, "VoipCalling"),
        ({}, "VoipCalling"),
    ],
)
def test_the_missing_permission_is_named_by_the_answer_or_else_the_endpoint(
    members: dict[str, Any], permission: str
) -> None:
    error = _refusal(_answer(403, _error("CMN-401", **members)))

    assert isinstance(error, errors.MissingPermission)
    assert error.permission == permission


def test_the_extension_asks_for_another_permission_than_provisioning() -> None:
    error = _refusal(_answer(403, _error("CMN-401")), EXTENSION)

    assert isinstance(error, errors.MissingPermission)
    assert error.permission == "ReadAccounts"


@pytest.mark.parametrize(
    ("message", "feature"),
    [("Feature [WebPhone] is not available for current account", "WebPhone"), ("Not available", None)],
)
def test_the_missing_feature_is_named_if_the_answer_does(message: str, feature: str | None) -> None:
    error = _refusal(_answer(403, _error("BIL-103", message=message)))

    assert isinstance(error, errors.FeatureUnavailable)
    assert error.feature == feature


def test_a_server_message_never_reaches_the_text() -> None:
    error = _refusal(_answer(400, _error("CMN-101", message="+17203861294 is invalid")))

    assert "17203861294" not in str(error)


@pytest.mark.parametrize("code", ["CMN-301", "CMN-302", "CMN-303", "CMN-304", "CMN-310"])
def test_a_rate_limit_is_known_by_its_code_too(code: str) -> None:
    assert _answer(403, _error(code)).is_rate_limit


def test_a_rate_limit_is_known_by_its_status() -> None:
    assert _answer(429).is_rate_limit
    assert not _answer(403, _error("CMN-401")).is_rate_limit
    assert not _answer(200, _error("CMN-301")).is_rate_limit


@pytest.mark.parametrize(
    ("status", "outage"), [(408, True), (500, True), (599, True), (499, False), (407, False)]
)
def test_an_outage_is_known_by_its_status(status: int, *, outage: bool) -> None:
    assert _answer(status).is_outage is outage


@pytest.mark.parametrize(
    ("status", "code", "stale"),
    [
        (401, "OAU-128", True),
        (401, "OAU-129", True),
        (401, "OAU-149", True),
        (401, "OAU-213", True),
        (403, "OAU-213", False),
        (401, "CMN-405", False),
    ],
)
def test_a_stale_token_is_known_by_status_and_code(status: int, code: str, *, stale: bool) -> None:
    assert _answer(status, _error(code)).is_token_stale is stale


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "60"}, 60.0),
        ({"Retry-After": " 5 "}, 5.0),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "9" * 5000}, MAX_RETRY_AFTER),
        ({"Retry-After": "86401"}, MAX_RETRY_AFTER),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": "Wed, 21 Oct 2026 07:27:15 GMT"}, 45.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:01 GMT"}, None),
        ({"Retry-After": "Wed, 21 Oct 99999999 07:28:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:01 GMT"}, None),
    ],
)
def test_retry_after_is_read_in_both_of_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert Answer.read(429, headers, b"").retry_after == seconds


@given(st.text())
def test_no_retry_after_breaks_anything(value: str) -> None:
    seconds = Answer.read(429, {"Retry-After": value, "Date": value}, b"").retry_after

    assert seconds is None or 0 < seconds <= MAX_RETRY_AFTER


@given(st.integers(100, 599), st.binary(), st.sampled_from([TOKEN, REVOKE, EXTENSION, SIP_PROVISION]))
def test_no_bytes_raise_anything_but_our_errors(status: int, body: bytes, endpoint: Endpoint) -> None:
    try:
        document = Answer.read(status, {}, body).expect_document(endpoint)
    except errors.RingCentralError:
        return
    assert isinstance(document, dict)


def test_the_body_stays_out_of_the_repr() -> None:
    assert "hunter2" not in repr(_answer(200, {"access_token": "hunter2"}))
