"""What each form for a typed-in account makes of what was typed, and back."""

from typing import Any

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from custom_components.ringcentral.account.sources import account_of
from custom_components.ringcentral.flows.account_forms import (
    DEVICE_FORM,
    PRESET_FORMS,
    AccountForm,
    Preset,
    UnusableAccountError,
    form_of,
)
from custom_components.ringcentral.flows.config_forms import SECTION_ADVANCED
from custom_components.ringcentral.softphone import Transport

FORMS = [DEVICE_FORM, *PRESET_FORMS.values()]

HOSTS = st.sampled_from(["pbx", "sip.example.com", "192.168.1.10", "[2001:db8::1]"])
ADDRESSES = HOSTS | st.builds("{}:{}".format, HOSTS, st.integers(1, 65535))
WORDS = st.text("abc019", min_size=1, max_size=8)


def filled(form: AccountForm, **typed: Any) -> dict[str, Any]:
    """Return a form that was sent off with its defaults where nothing was typed."""
    fields = {
        "domain": "pbx",
        "proxy": "proxy",
        "username": "620",
        "password": "s3cret",
        "authorization_id": "620",
    }
    asked = {str(key): value for key, value in form.schema.schema.items()}
    top = {key: value for key, value in (fields | typed).items() if key in asked}
    if "advanced" not in asked:
        return dict(form.schema(top))
    # Of what is folded away only what was meant is typed.
    folded = {key: value for key, value in typed.items() if key in asked["advanced"].schema.schema}
    return dict(form.schema({**top, "advanced": asked["advanced"].schema(folded)}))


@pytest.mark.parametrize("form", FORMS)
@given(
    domain=ADDRESSES,
    proxy=ADDRESSES,
    username=WORDS,
    authorization_id=WORDS,
    transport=st.sampled_from(["tcp", "tls"]),
)
def test_a_changed_line_shows_what_makes_it_again(form: AccountForm, **typed: str) -> None:
    if typed["transport"] == "tls" and form is PRESET_FORMS[Preset.FRITZBOX]:
        typed["transport"] = "tcp"
    data = form.data(filled(form, **typed))

    shown = form.schema(form.typed(data))

    assert form.data(shown) == data
    assert form_of(data)[1] is form
    account_of(data)


@pytest.mark.parametrize(
    ("preset", "typed", "expected"),
    [
        (Preset.ASTERISK, {"domain": "192.168.1.10"}, ("192.168.1.10", "192.168.1.10:5060", "tcp")),
        (
            Preset.ASTERISK,
            {"domain": "192.168.1.10", "transport": "tls"},
            ("192.168.1.10", "192.168.1.10:5061", "tls"),
        ),
        (Preset.ASTERISK, {"domain": "pbx:5160"}, ("pbx", "pbx:5160", "tcp")),
        (Preset.FRITZBOX, {"domain": "fritz.box"}, ("fritz.box", "fritz.box:5060", "tcp")),
        (Preset.THREE_CX, {"domain": "my.3cx.example"}, ("my.3cx.example", "my.3cx.example:5060", "tcp")),
        (Preset.SIPGATE, {}, ("sipgate.de", "sip.sipgate.de:5060", "tcp")),
        (Preset.SIPGATE, {"transport": "tls"}, ("sipgate.de", "sip.sipgate.de:5061", "tls")),
        (
            Preset.OTHER,
            {"domain": "example.com", "proxy": "proxy.example.com"},
            ("example.com", "proxy.example.com:5060", "tcp"),
        ),
    ],
)
def test_a_kind_of_server_is_found_where_it_usually_is(
    preset: Preset, typed: dict[str, str], expected: tuple[str, str, str]
) -> None:
    data = PRESET_FORMS[preset].data(filled(PRESET_FORMS[preset], **typed))

    assert (data["domain"], data["proxy"], data["transport"]) == expected
    assert (data["source"], data["preset"]) == ("sip", preset)


def test_a_usual_port_follows_when_the_connection_is_changed() -> None:
    form = PRESET_FORMS[Preset.ASTERISK]
    shown = form.typed(form.data(filled(form, domain="pbx")))

    assert form.data(shown | {"transport": "tls"})["proxy"] == "pbx:5061"


def test_a_changed_user_name_answers_the_challenge_unless_another_was_named() -> None:
    form = PRESET_FORMS[Preset.OTHER]
    shown = form.typed(form.data(filled(form)))

    assert form.data(shown | {"username": "621"})["authorization_id"] == "621"


def test_an_authentication_id_that_is_asked_for_is_always_shown() -> None:
    form = PRESET_FORMS[Preset.THREE_CX]

    assert form.typed(form.data(filled(form)))["authorization_id"] == "620"


@pytest.mark.parametrize("form", FORMS)
def test_a_form_offers_only_connections_whose_port_it_knows(form: AccountForm) -> None:
    offered = {transport for transport in Transport if accepted(form, transport)}

    assert offered
    assert offered <= set(form.ports)


def accepted(form: AccountForm, transport: str) -> bool:
    try:
        filled(form, transport=transport)
    except vol.Invalid:
        return False
    return True


def test_a_fritzbox_is_not_spoken_to_over_tls() -> None:
    assert not accepted(PRESET_FORMS[Preset.FRITZBOX], "tls")


def test_an_address_that_is_none_is_refused() -> None:
    form = PRESET_FORMS[Preset.OTHER]
    with pytest.raises(UnusableAccountError, match="invalid_address"):
        form.data(filled(form, domain="https://pbx"))


def test_a_certificate_that_is_none_is_refused() -> None:
    form = PRESET_FORMS[Preset.ASTERISK]
    with pytest.raises(UnusableAccountError, match="certificate_unreadable"):
        form.data(filled(form, ca_certificate="ca.crt"))


def test_a_line_without_a_kind_is_shown_with_everything_there_is() -> None:
    assert form_of({"source": "sip"}) == ("other", PRESET_FORMS[Preset.OTHER])


def transports(form: AccountForm) -> tuple[list[str], str]:
    """Return what carries a line's messages as it is offered, and what is chosen for who doesn't care."""
    fields = {**form.schema.schema}
    if SECTION_ADVANCED in fields:
        fields |= fields[SECTION_ADVANCED].schema.schema
    ((marker, selector),) = [(key, value) for key, value in fields.items() if key == "transport"]
    return selector.config["options"], marker.default()


def test_datagrams_are_never_suggested() -> None:
    assert transports(DEVICE_FORM) == (["tcp", "tls"], "tls")
    assert transports(PRESET_FORMS[Preset.FRITZBOX]) == (["tcp", "udp"], "tcp")
    assert transports(PRESET_FORMS[Preset.OTHER]) == (["tcp", "tls", "udp"], "tcp")
    assert {transports(form)[1] for form in PRESET_FORMS.values()} == {"tcp"}


@pytest.mark.parametrize(("transport", "required"), [("tcp", False), ("tls", True), ("udp", False)])
def test_only_a_line_on_tls_insists_on_encrypted_sound(transport: str, required: bool) -> None:
    account = account_of(
        {
            "source": "sip",
            "username": "620",
            "password": "secret",
            "authorization_id": "620",
            "domain": "pbx.example.com",
            "proxy": "pbx.example.com:5060",
            "transport": transport,
        }
    )
    assert (account.transport, account.require_srtp) == (transport, required)
