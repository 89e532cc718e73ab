"""What can go wrong between us and RingCentral.

    RingCentralError
    ├── InvalidServer           the server's address can't be used (also a ValueError)
    ├── SignInRefused           the app or the user was not let in: someone has to change a credential
    │   ├── WrongApp            client id or client secret
    │   │   ├── GrantNotEnabled     the app doesn't have the JWT auth flow
    │   │   └── WrongEnvironment    a sandbox app on the production server, or the reverse
    │   ├── WrongJwt            the JWT is wrong, expired or revoked
    │   └── SessionEnded        the session begun in the browser is over
    ├── NotAllowed              signed in, but this may not be done
    │   ├── MissingPermission   the app lacks a permission
    │   └── FeatureUnavailable  the user or the plan lacks a feature or a right
    ├── RateLimited             too many requests: nothing is sent until the penalty is over
    ├── Unreachable             no usable answer from the server for now
    ├── EncryptionWithdrawn     a line that was encrypted could only go on in the clear
    └── UnexpectedAnswer        an answer, but not one we understand
        └── ExtensionUnusable   the extension or its account is disabled, locked or gone

The texts hold no server message, number or secret; RingCentral's error code and request id are what its
support asks for.
"""

from enum import StrEnum
from typing import ClassVar


class RingCentralError(Exception):
    """The base of every error of this package.

    Attributes:
        error_code: RingCentral's code, such as `CMN-401`, if the answer had one.
        request_id: the answer's `RCRequestId`, if it had one.
    """

    summary: ClassVar[str] = "RingCentral could not be used"

    def __init__(
        self, detail: str | None = None, *, error_code: str | None = None, request_id: str | None = None
    ) -> None:
        """Say what happened; `detail` takes the place of the class's summary."""
        text = detail or self.summary
        trace = ", ".join(filter(None, (error_code, request_id and f"request {request_id}")))
        super().__init__(f"{text} ({trace})" if trace else text)
        self.error_code = error_code
        self.request_id = request_id


class InvalidServer(RingCentralError, ValueError):
    """The server's address is not an https URL without path."""

    summary = "The server must be an https URL without user, path or query"


class SignInRefused(RingCentralError):
    """The token endpoint turned us away."""

    summary = "RingCentral refused the sign-in"


class WrongApp(SignInRefused):
    """The client id or client secret is wrong."""

    summary = "RingCentral does not accept the client id and client secret"


class GrantNotEnabled(WrongApp):
    """The app doesn't have the JWT auth flow."""

    summary = "The RingCentral app does not have the JWT auth flow enabled"


class WrongEnvironment(WrongApp):
    """The app belongs to the sandbox and the server is production, or the reverse."""

    summary = "The RingCentral app belongs to another environment than the server"


class WrongJwt(SignInRefused):
    """The JWT is wrong, expired, revoked or made for another app."""

    summary = "RingCentral does not accept the JWT"


class SessionEnded(SignInRefused):
    """The session that was begun in the browser is over: only the user can begin another."""

    summary = "The session at RingCentral is over"


class NotAllowed(RingCentralError):
    """The app and the user are known, but may not do this."""

    summary = "RingCentral does not allow this request"


class MissingPermission(NotAllowed):
    """The app lacks an application permission.

    Attributes:
        permission: its name as RingCentral writes it, such as `VoipCalling`.
    """

    summary = "The RingCentral app lacks a permission"

    def __init__(
        self, *, permission: str | None, error_code: str | None = None, request_id: str | None = None
    ) -> None:
        """Name the permission."""
        detail = f"The RingCentral app lacks the permission {permission}" if permission else None
        super().__init__(detail, error_code=error_code, request_id=request_id)
        self.permission = permission


class FeatureUnavailable(NotAllowed):
    """The user's role, the plan or the brand doesn't include this.

    Attributes:
        feature: the feature's or user permission's name as RingCentral writes it, if it named one.
    """

    summary = "The RingCentral user or plan does not include this feature"

    def __init__(
        self, *, feature: str | None = None, error_code: str | None = None, request_id: str | None = None
    ) -> None:
        """Name the feature."""
        super().__init__(error_code=error_code, request_id=request_id)
        self.feature = feature


class RateLimited(RingCentralError):
    """Too many requests.

    Attributes:
        retry_after: seconds until a request may be sent again. One sent sooner would restart the penalty.
    """

    summary = "RingCentral asks to wait before the next request"

    def __init__(
        self, *, retry_after: float, error_code: str | None = None, request_id: str | None = None
    ) -> None:
        """Say how long, in seconds."""
        super().__init__(error_code=error_code, request_id=request_id)
        self.retry_after = retry_after


class UnreachableCause(StrEnum):
    """What kept a usable answer from arriving."""

    DNS = "dns"
    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    SERVER = "server"


class Unreachable(RingCentralError):
    """No usable answer for now: DNS, TCP, TLS, a time-out, or the server's own trouble (408 and 5xx).

    Attributes:
        cause: which of them.
        retry_after: seconds until a request may be sent again, if the server said so.
    """

    summary = "RingCentral can't be reached"

    def __init__(
        self,
        *,
        cause: UnreachableCause = UnreachableCause.SERVER,
        retry_after: float | None = None,
        error_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """Say why."""
        super().__init__(f"{self.summary}: {cause}", error_code=error_code, request_id=request_id)
        self.cause = cause
        self.retry_after = retry_after


class EncryptionWithdrawn(RingCentralError):
    """The device was registered over TLS, and now RingCentral names no proxy for that: only the user may give it up."""

    summary = "RingCentral no longer offers an encrypted connection"


class UnexpectedAnswer(RingCentralError):
    """An answer that isn't JSON, lacks what it must have, or has a status nobody documented."""

    summary = "RingCentral sent an unexpected answer"


class ExtensionUnusable(UnexpectedAnswer):
    """The extension or its account is disabled, locked, not activated or gone."""

    summary = "The RingCentral extension is not enabled"
