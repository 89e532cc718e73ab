"""What signs the app in, and where."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.cloud import PRODUCTION_SERVER, AppCredentials, InvalidServer


def _server(url: str) -> str:
    return AppCredentials("id", "secret", "jwt", url).server


def test_the_server_is_production_unless_told_otherwise() -> None:
    assert (
        AppCredentials("id", "secret", "jwt").server
        == "https://platform.ringcentral.com"
        == PRODUCTION_SERVER
    )


@pytest.mark.parametrize(
    ("given_url", "stored"),
    [
        ("https://platform.ringcentral.biz/", "https://platform.ringcentral.biz"),
        ("  https://platform.ringcentral.com//\n", "https://platform.ringcentral.com"),
        ("HTTPS://Platform.RingCentral.com", "https://platform.ringcentral.com"),
        ("https://rc.example:8443", "https://rc.example:8443"),
        ("https://192.0.2.7", "https://192.0.2.7"),
        ("https://[2001:db8::7]:8443", "https://[2001:db8::7]:8443"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://127.8.8.8", "http://127.8.8.8"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_the_server_is_normalised(given_url: str, stored: str) -> None:
    assert _server(given_url) == stored


@pytest.mark.parametrize(
    "url",
    [
        "",
        "platform.ringcentral.com",
        "https://",
        "https:///",
        "ftp://platform.ringcentral.com",
        "http://platform.ringcentral.com",
        "http://192.168.1.2",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://[2001:db8::7]",
        "https://platform.ringcentral.com/restapi",
        "https://platform.ringcentral.com?x=1",
        "https://platform.ringcentral.com?",
        "https://platform.ringcentral.com#top",
        "https://user@platform.ringcentral.com",
        "https://@platform.ringcentral.com",
        "https://platform.ringcentral.com:99999",
        "https://platform.ringcentral.com:port",
        "https://[fe80::1%25eth0]",
        "https://[::1",
        "https://plat\nform.ringcentral.com",
        "https://plat form.ringcentral.com",
        "https://plat_form.ringcentral.com",
        "https://plätform.example",
        "https://a..b",
    ],
)
def test_an_address_that_could_leak_secrets_is_refused(url: str) -> None:
    with pytest.raises(InvalidServer):
        _server(url)


def test_a_refused_address_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ValueError) as caught:
        _server("https://user:hunter2@platform.ringcentral.com")

    assert "hunter2" not in f"{caught.value!r} {caught.value}"


@given(st.text())
def test_no_text_does_anything_but_pass_or_be_refused(url: str) -> None:
    try:
        stored = _server(url)
    except InvalidServer:
        return
    assert _server(stored) == stored


def test_white_space_from_pasting_is_dropped() -> None:
    credentials = AppCredentials(" id\n", "\tsecret ", " jwt\r\n")

    assert (credentials.client_id, credentials.client_secret, credentials.jwt) == ("id", "secret", "jwt")


def test_secrets_stay_out_of_the_repr() -> None:
    shown = repr(AppCredentials("the-id", "the-secret", "the-jwt"))

    assert "the-id" in shown
    assert "the-secret" not in shown
    assert "the-jwt" not in shown
