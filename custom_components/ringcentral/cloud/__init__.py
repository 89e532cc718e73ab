"""RingCentral's REST interface: sign in with a JWT, read the extension, provision a SIP line."""

from .client import RingCentralClient
from .credentials import PRODUCTION_SERVER, AppCredentials
from .errors import (
    ExtensionUnusable,
    FeatureUnavailable,
    GrantNotEnabled,
    InvalidServer,
    MissingPermission,
    NotAllowed,
    RateLimited,
    RingCentralError,
    SignInRefused,
    UnexpectedAnswer,
    Unreachable,
    UnreachableCause,
    WrongApp,
    WrongEnvironment,
    WrongJwt,
)
from .models import Extension, Provision, SipFlags, SipInfo

__all__ = [
    "PRODUCTION_SERVER",
    "AppCredentials",
    "Extension",
    "ExtensionUnusable",
    "FeatureUnavailable",
    "GrantNotEnabled",
    "InvalidServer",
    "MissingPermission",
    "NotAllowed",
    "Provision",
    "RateLimited",
    "RingCentralClient",
    "RingCentralError",
    "SignInRefused",
    "SipFlags",
    "SipInfo",
    "UnexpectedAnswer",
    "Unreachable",
    "UnreachableCause",
    "WrongApp",
    "WrongEnvironment",
    "WrongJwt",
]
