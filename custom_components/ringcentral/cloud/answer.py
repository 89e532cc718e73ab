"""One HTTP answer of RingCentral, and which error a refusal is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz
from http import HTTPStatus
import json
import re
from typing import Final, NoReturn, Self

from .endpoints import TOKEN, Endpoint
from .errors import (
    ExtensionUnusable,
    FeatureUnavailable,
    GrantNotEnabled,
    MissingPermission,
    NotAllowed,
    RingCentralError,
    SignInRefused,
    UnexpectedAnswer,
    WrongApp,
    WrongEnvironment,
    WrongJwt,
)
from .fields import JsonObject

MAX_RETRY_AFTER: Final = 24 * 3600.0
"""Seconds. A slip of the server's must not silence us for ever; documented penalties are 60 s."""

_ERROR_CODE: Final = re.compile(r"[A-Z]{2,5}-\d{1,4}", re.ASCII)
_REQUEST_ID: Final = re.compile(r"[\w.:-]{1,80}", re.ASCII)
_NAME: Final = re.compile(r"\w{1,64}", re.ASCII)
_BRACKETED_NAME: Final = re.compile(r"\[(\w{1,64})\]", re.ASCII)

_RATE_EXCEEDED: Final = frozenset({"CMN-301", "CMN-302", "CMN-303", "CMN-304", "CMN-310"})
_TOKEN_STALE: Final = frozenset({"OAU-128", "OAU-129", "OAU-149", "OAU-213"})

_BY_CODE: Final[Mapping[str, type[RingCentralError]]] = {
    "OAU-112": GrantNotEnabled,
    "OAU-125": GrantNotEnabled,
    "OAU-251": GrantNotEnabled,
    "OAU-165": WrongEnvironment,
    "OAU-120": WrongApp,
    "OAU-121": WrongApp,
    "OAU-123": WrongApp,
    "OAU-134": WrongApp,
    "OAU-146": WrongApp,
    "OAU-153": WrongApp,
    "OAU-140": WrongJwt,
    "OAU-136": ExtensionUnusable,
    "OAU-141": ExtensionUnusable,
    "OAU-142": ExtensionUnusable,
    "OAU-147": ExtensionUnusable,
    "OAU-148": ExtensionUnusable,
    "CMN-401": MissingPermission,
    "BIL-103": FeatureUnavailable,
    "CMN-402": FeatureUnavailable,
    "CMN-408": FeatureUnavailable,
    "SPR-101": FeatureUnavailable,
    "SPR-112": FeatureUnavailable,
}

_BY_OAUTH_ERROR: Final[Mapping[str, type[SignInRefused]]] = {
    "invalid_client": WrongApp,
    "unauthorized_client": GrantNotEnabled,
    "invalid_grant": WrongJwt,
}
"""`error` of RFC 6749 §5.2, for codes the table above doesn't know."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came.

    Attributes:
        document: the JSON object of the body, None when the body is anything else.
        request_id: RingCentral's `RCRequestId`.
        retry_after: seconds from now, above 0, when the answer says so in a way that makes sense.
        content: what was asked for as it is, a sound for example; empty for all that is JSON.
    """

    status: int
    document: JsonObject | None = field(repr=False)
    request_id: str | None = None
    retry_after: float | None = None
    content: bytes = field(default=b"", repr=False)

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str], body: bytes, *, as_is: bool = False) -> Self:
        """Read an answer; a body that isn't a JSON object is not an error yet (revoke has none).

        `as_is` leaves the body of what was done as it came; a refusal is JSON all the same.
        """
        as_is = as_is and status == HTTPStatus.OK
        request_id = headers.get("RCRequestId", "")
        return cls(
            status=status,
            document=None if as_is else _document(body),
            request_id=request_id if _REQUEST_ID.fullmatch(request_id) else None,
            retry_after=_retry_after(headers),
            content=body if as_is else b"",
        )

    @property
    def ok(self) -> bool:
        """Whether the request was done."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def error_code(self) -> str | None:
        """RingCentral's error code.

        The top level often has an older name for it ("InsufficientPermissions"), so `errors` goes first.
        """
        codes = (error.get("errorCode") for error in self._errors())
        return next((code for code in codes if isinstance(code, str) and _ERROR_CODE.fullmatch(code)), None)

    @property
    def is_rate_limit(self) -> bool:
        """Whether the request was refused because there were too many."""
        refused = not self.ok and self.error_code in _RATE_EXCEEDED
        return refused or self.status == HTTPStatus.TOO_MANY_REQUESTS

    @property
    def is_outage(self) -> bool:
        """Whether the server had trouble of its own."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or self.status == HTTPStatus.REQUEST_TIMEOUT

    @property
    def is_token_stale(self) -> bool:
        """Whether the access token is to blame, so that a new one helps."""
        return self.status == HTTPStatus.UNAUTHORIZED and self.error_code in _TOKEN_STALE

    def expect_document(self, endpoint: Endpoint) -> JsonObject:
        """Return the body's JSON object.

        Raises:
            RingCentralError: what the refusal means; UnexpectedAnswer when there is no JSON object.
        """
        self.expect_done(endpoint)
        if self.document is None:
            self.unexpected("The body is not a JSON object")
        return self.document

    def expect_done(self, endpoint: Endpoint) -> None:
        """Make sure that the request was done, where the answer needs no body.

        Raises:
            RingCentralError: what the refusal means.
        """
        if not self.ok:
            raise self._refusal(endpoint)

    def unexpected(self, detail: str) -> NoReturn:
        """Raise UnexpectedAnswer with this answer's request id. `detail` must hold no value from the body."""
        raise UnexpectedAnswer(f"{UnexpectedAnswer.summary}: {detail}", request_id=self.request_id)

    def _refusal(self, endpoint: Endpoint) -> RingCentralError:
        code, request_id = self.error_code, self.request_id
        kind = _BY_CODE.get(code or "") or self._by_status(endpoint)
        if kind is MissingPermission:
            permission = self._needed_name() or endpoint.permission
            return MissingPermission(permission=permission, error_code=code, request_id=request_id)
        if kind is FeatureUnavailable:
            return FeatureUnavailable(feature=self._needed_name(), error_code=code, request_id=request_id)
        detail = f"{kind.summary}: status {self.status}" if kind is UnexpectedAnswer else None
        return kind(detail, error_code=code, request_id=request_id)

    def _by_status(self, endpoint: Endpoint) -> type[RingCentralError]:
        """Return the error of a refusal whose code says nothing to us.

        Only a body that RingCentral wrote counts: a proxy's 403 page says nothing about credentials.
        """
        document = self.document or {}
        if (
            endpoint is TOKEN
            and self.status in {400, 401, 403}
            and {"error", "errorCode", "errors"} & set(document)
        ):
            return _BY_OAUTH_ERROR.get(str(document.get("error")), SignInRefused)
        if self.status == HTTPStatus.FORBIDDEN and self.error_code:
            return NotAllowed
        return UnexpectedAnswer

    def _needed_name(self) -> str | None:
        for error in self._errors():
            name = error.get("permissionName") or error.get("featureName")
            if isinstance(name, str) and _NAME.fullmatch(name):
                return name
            if match := _BRACKETED_NAME.search(str(error.get("message"))):
                return match[1]
        return None

    def _errors(self) -> list[JsonObject]:
        document = self.document or {}
        errors = document.get("errors")
        listed = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        return [*listed, document]


def _document(body: bytes) -> JsonObject | None:
    try:
        value = json.loads(body)
    except ValueError, RecursionError:
        return None
    return value if isinstance(value, dict) else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return `Retry-After` in seconds (RFC 9110 §10.2.3), at most a day; None when absent, past or junk."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        seconds = float(value)
    else:
        until, now = _timestamp(value), _timestamp(headers.get("Date", ""))
        seconds = until - now if until is not None and now is not None else 0.0
    return min(seconds, MAX_RETRY_AFTER) if seconds > 0 else None


def _timestamp(http_date: str) -> float | None:
    parsed = parsedate_tz(http_date)
    if parsed is None:
        return None
    try:
        return float(mktime_tz(parsed))
    except ValueError, OverflowError:
        return None
