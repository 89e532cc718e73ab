"""RingCentral's REST interface: sign in, provision a SIP line, read the address book, the mailbox and the call log, block numbers."""

from .address_book import PersonalContact
from .blocked_number import BlockedNumber, label_of
from .call_log import LoggedCall
from .client import REQUEST_TIMEOUT, RingCentralClient
from .credentials import PRODUCTION_SERVER, AppCredentials
from .endpoints import AUTHORIZE, TOKEN
from .errors import (
    EncryptionWithdrawn,
    ExtensionUnusable,
    FeatureUnavailable,
    GrantNotEnabled,
    InvalidServer,
    MissingPermission,
    NotAllowed,
    RateLimited,
    RingCentralError,
    SessionEnded,
    SignInRefused,
    UnexpectedAnswer,
    Unreachable,
    UnreachableCause,
    WrongApp,
    WrongEnvironment,
    WrongJwt,
)
from .existing_phone import ExistingPhone
from .models import Extension, Provision, SipFlags, SipInfo
from .regions import Region, region_of
from .token import AccessTokens, Token
from .token_endpoint import Grant, TokenEndpoint
from .transport import Patience, Transport
from .voicemail import VoiceMessage

__all__ = [
    "AUTHORIZE",
    "PRODUCTION_SERVER",
    "REQUEST_TIMEOUT",
    "TOKEN",
    "AccessTokens",
    "AppCredentials",
    "BlockedNumber",
    "EncryptionWithdrawn",
    "ExistingPhone",
    "Extension",
    "ExtensionUnusable",
    "FeatureUnavailable",
    "Grant",
    "GrantNotEnabled",
    "InvalidServer",
    "LoggedCall",
    "MissingPermission",
    "NotAllowed",
    "Patience",
    "PersonalContact",
    "Provision",
    "RateLimited",
    "Region",
    "RingCentralClient",
    "RingCentralError",
    "SessionEnded",
    "SignInRefused",
    "SipFlags",
    "SipInfo",
    "Token",
    "TokenEndpoint",
    "Transport",
    "UnexpectedAnswer",
    "Unreachable",
    "UnreachableCause",
    "VoiceMessage",
    "WrongApp",
    "WrongEnvironment",
    "WrongJwt",
    "label_of",
    "region_of",
]
