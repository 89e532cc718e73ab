"""The authorization server in miniature: a browser's way in, with PKCE."""

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256

import pytest

from simulator.refusals import Refused
from simulator.sessions import CODE_TTL, REFRESH_TOKEN_TTL, Sessions
from simulator.user import Account

from .conftest import Clock

VERIFIER = "a-verifier-that-is-long-enough-to-be-taken-0123"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
USER = Account()
BASIC = f"Basic {b64encode(f'{USER.client_id}:{USER.client_secret}'.encode()).decode()}"
QUERY = {
    "response_type": "code",
    "client_id": USER.client_id,
    "redirect_uri": USER.redirect_uri,
    "state": "kept",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
PLAIN = QUERY | {"code_challenge": VERIFIER, "code_challenge_method": "plain"}
PUBLIC = {"client_id": USER.client_id}
UNCHALLENGED = {key: QUERY[key] for key in ("response_type", "client_id", "redirect_uri")}


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def sessions(account: Account, clock: Clock) -> Sessions:
    return Sessions(account, clock)


def form(
    sessions: Sessions, query: dict[str, str] = QUERY, verifier: str | None = VERIFIER
) -> dict[str, str]:
    """Return what an app sends that was given a code."""
    answer = {
        "grant_type": "authorization_code",
        "code": sessions.authorize(query)["code"],
        "redirect_uri": USER.redirect_uri,
    }
    return answer | ({"code_verifier": verifier} if verifier else {})


def test_consent_brings_a_code_and_the_state_back(sessions: Sessions) -> None:
    brought = sessions.authorize(QUERY)

    assert brought.keys() == {"code", "state", "expires_in"}
    assert (brought["state"], brought["expires_in"]) == ("kept", "60")


@pytest.mark.parametrize(
    ("query", "verifier"),
    [(QUERY, VERIFIER), (PLAIN, VERIFIER), (UNCHALLENGED, None)],
    ids=["S256", "plain", "none"],
)
def test_a_code_is_worth_a_session(sessions: Sessions, query: dict[str, str], verifier: str | None) -> None:
    granted = sessions.grant(BASIC, form(sessions, query, verifier))

    sessions.check(f"Bearer {granted['access_token']}", "ReadAccounts")


def test_a_code_works_once(sessions: Sessions) -> None:
    spent = form(sessions)
    sessions.grant(BASIC, spent)

    with pytest.raises(Refused, match="OAU-140"):
        sessions.grant(BASIC, spent)


def test_a_code_must_be_used_soon(sessions: Sessions, clock: Clock) -> None:
    late = form(sessions)
    clock.now += CODE_TTL

    with pytest.raises(Refused, match="OAU-140"):
        sessions.grant(BASIC, late)


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        (QUERY, {"code": "made-up"}),
        (QUERY, {"redirect_uri": "https://elsewhere.example/"}),
        (QUERY, {"code_verifier": "another-verifier-that-is-long-enough-0123456789"}),
        (QUERY, {"code_verifier": CHALLENGE}),
        (QUERY, {"code_verifier": "short"}),
        (QUERY, {"code_verifier": ""}),
        (PLAIN, {"code_verifier": VERIFIER[::-1]}),
        (UNCHALLENGED, {"code_verifier": VERIFIER}),
    ],
)
def test_who_did_not_ask_for_a_code_gets_nothing_for_it(
    sessions: Sessions, query: dict[str, str], changes: dict[str, str]
) -> None:
    with pytest.raises(Refused, match="OAU-140"):
        sessions.grant(BASIC, form(sessions, query) | changes)


def test_a_challenged_code_needs_its_verifier(sessions: Sessions) -> None:
    with pytest.raises(Refused, match="OAU-140"):
        sessions.grant(BASIC, form(sessions, verifier=None))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "S512"}, "invalid_request"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_to_the_app(
    sessions: Sessions, changes: dict[str, str], error: str
) -> None:
    assert sessions.authorize(QUERY | changes) == {"error": error, "state": "kept"}


def test_a_user_may_say_no(sessions: Sessions, account: Account) -> None:
    account.consents = False

    assert sessions.authorize(QUERY) == {"error": "access_denied", "state": "kept"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "somebody-else"}, "OAU-153"),
        ({"redirect_uri": "https://elsewhere.example/"}, "OAU-109"),
    ],
)
def test_nothing_is_brought_to_a_stranger(sessions: Sessions, changes: dict[str, str], code: str) -> None:
    with pytest.raises(Refused, match=code):
        sessions.authorize(QUERY | changes)


def test_a_public_app_names_itself_in_its_form(sessions: Sessions, account: Account) -> None:
    account.client_secret = ""

    assert sessions.grant("", form(sessions) | PUBLIC)["access_token"]
    with pytest.raises(Refused, match="OAU-153"):
        sessions.grant("", form(sessions))


def test_a_public_app_must_use_pkce(sessions: Sessions, account: Account) -> None:
    account.client_secret = ""

    assert sessions.authorize(UNCHALLENGED) == {"error": "invalid_request"}


def test_an_app_with_a_secret_must_not_do_without(sessions: Sessions) -> None:
    with pytest.raises(Refused, match="OAU-123"):
        sessions.grant("", form(sessions) | PUBLIC)


def test_a_refresh_token_lapses_when_it_is_not_used(sessions: Sessions, clock: Clock) -> None:
    granted = sessions.grant(BASIC, form(sessions))
    clock.now += REFRESH_TOKEN_TTL

    with pytest.raises(Refused, match="OAU-140"):
        sessions.grant(BASIC, {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]})


def test_a_refresh_token_that_was_used_is_worth_nothing(sessions: Sessions) -> None:
    granted = sessions.grant(BASIC, form(sessions))
    spent = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    sessions.grant(BASIC, spent)

    with pytest.raises(Refused, match="OAU-140"):
        sessions.grant(BASIC, spent)
    assert len(sessions) == 1
