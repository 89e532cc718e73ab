"""A user of RingCentral, the app that acts for them, and the devices they have."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SipAccount:
    """What a registrar must know about a device."""

    username: str
    authorization_id: str
    password: str
    domain: str
    provisioned: bool = True
    """Whether sip-provision made it; an Existing Phone was made by an administrator."""


@dataclass(slots=True)
class Account:
    """The user, the app and what they may do. Change it between requests to see another answer.

    An app without a secret is a public one: it signs in with PKCE, and names itself in its form.
    """

    client_id: str = "n5Ky9dYbTq2CPZLtFSVhwQ"
    client_secret: str = "simulated-client-secret"
    jwt: str = "eyJraWQiOiI4NzYyZjU5OGQwNTk.eyJzdWIiOiI4MDIzOTg4MDQwMTYifQ.c2lnbmF0dXJl"
    name: str = "Reception"
    account_id: str = "802398804"
    extension_id: str = "802398804016"
    extension_number: str = "115"
    main_number: str = "+17203861294"
    status: str = "Enabled"
    permissions: frozenset[str] = frozenset({"ReadAccounts", "VoipCalling"})
    user_permissions: frozenset[str] = frozenset(
        {
            "EditBlockedNumbers",
            "EditMessages",
            "ReadBlockedNumbers",
            "ReadCallLog",
            "ReadCompanyDevices",
            "ReadMessages",
            "ReadPersonalContacts",
            "ReadUserDevices",
        }
    )
    redirect_uri: str = "https://my.home-assistant.io/redirect/oauth"
    consents: bool = True
    refresh_tokens: bool = True
    access_token_ttl: int = 3600
    sip_domain: str = "sip.ringcentral.com"
    switch_back_interval: int = 3600
