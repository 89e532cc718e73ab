"""What RingCentral tells us, as values."""

from copy import deepcopy
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ringcentral.cloud import Extension, Provision, SipFlags, SipInfo

EXTENSION: dict[str, Any] = {
    "uri": "https://platform.ringcentral.com/restapi/v1.0/account/802398804/extension/802398804016",
    "id": 802398804016,
    "account": {"id": "802398804"},
    "extensionNumber": "115",
    "contact": {"firstName": "Ann", "businessPhone": "+17203861294"},
    "name": "Ann Example",
    "type": "User",
    "status": "Enabled",
}

PROVISION: dict[str, Any] = {
    "device": {"id": "802398804016", "type": "SoftPhone", "computerName": "Home"},
    "sipInfo": [
        {
            "username": "17203861294*115",
            "password": "s3cr3tpw",
            "authorizationTypes": ["SipDigest"],
            "authorizationId": "802398804017",
            "domain": "sip.ringcentral.com",
            "outboundProxy": "sip112-1241.ringcentral.com:5091",
            "outboundProxyBackup": "sip132-1241.ringcentral.com:5091",
            "outboundProxyIPv6": "[2001:db8::1]:5091",
            "outboundProxyIPv6Backup": "[2001:db8::2]:5091",
            "transport": "TCP",
            "switchBackInterval": 3600,
        }
    ],
    "sipFlags": {
        "voipFeatureEnabled": True,
        "voipCountryBlocked": False,
        "outboundCallsEnabled": False,
        "dscpEnabled": True,
        "dscpSignaling": 26,
        "dscpVoice": 46,
        "dscpVideo": 34,
    },
    "sipErrorCodes": ["503", "502"],
    "pollingInterval": 7200,
}


def _changed(document: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    changed = deepcopy(document)
    target: Any = changed
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return changed


def test_an_extension_is_read() -> None:
    assert Extension.from_dict(EXTENSION) == Extension(
        id="802398804016",
        account_id="802398804",
        name="Ann Example",
        extension_number="115",
        status="Enabled",
        main_number="+17203861294",
    )


def test_an_extension_may_have_no_numbers_and_no_name() -> None:
    bare = {"id": 5, "account": {"id": 7}, "status": "Disabled"}

    assert Extension.from_dict(bare) == Extension("5", "7", "", None, "Disabled", None)


def test_the_account_is_found_in_the_address_when_it_is_nowhere_else() -> None:
    assert Extension.from_dict(_changed(EXTENSION, ("account",), None)).account_id == "802398804"


@pytest.mark.parametrize("key", ["id", "status"])
def test_an_extension_must_have_an_id_and_a_status(key: str) -> None:
    with pytest.raises(ValueError, match=f"{key} is missing"):
        Extension.from_dict(_changed(EXTENSION, (key,), None))


def test_an_extension_must_have_an_account() -> None:
    with pytest.raises(ValueError, match="account is missing"):
        Extension.from_dict({"id": 5, "status": "Enabled", "uri": "https://x/account/~/extension/5"})


def test_a_name_is_cut_and_stripped_of_control_characters() -> None:
    name = Extension.from_dict(_changed(EXTENSION, ("name",), " A\r\nnn\x1b[0m" + "x" * 300)).name

    assert name == "Ann[0m" + "x" * 250


def test_a_name_that_is_no_text_is_none_at_all() -> None:
    assert Extension.from_dict(_changed(EXTENSION, ("name",), ["Ann"])).name == ""


def test_a_provision_is_read() -> None:
    assert Provision.from_dict(PROVISION) == Provision(
        device_id="802398804016",
        sip_info=(
            SipInfo(
                username="17203861294*115",
                password="s3cr3tpw",
                authorization_id="802398804017",
                domain="sip.ringcentral.com",
                outbound_proxy="sip112-1241.ringcentral.com:5091",
                outbound_proxy_backup="sip132-1241.ringcentral.com:5091",
                outbound_proxy_ipv6="[2001:db8::1]:5091",
                outbound_proxy_ipv6_backup="[2001:db8::2]:5091",
                transport="TCP",
                switch_back_interval=3600,
            ),
        ),
        sip_flags=SipFlags(
            voip_feature_enabled=True,
            voip_country_blocked=False,
            outbound_calls_enabled=False,
            dscp_enabled=True,
            dscp_signaling=26,
            dscp_voice=46,
            dscp_video=34,
        ),
        sip_error_codes=(503, 502),
        polling_interval=7200,
    )


def test_a_provision_without_the_optional_parts_has_the_documented_defaults() -> None:
    required = {
        key: PROVISION["sipInfo"][0][key]
        for key in ("username", "password", "authorizationId", "domain", "outboundProxy")
    }

    provision = Provision.from_dict({"device": {"id": "1"}, "sipInfo": [required]})

    assert provision.sip_error_codes == (408, 502, 503, 504)
    assert provision.polling_interval is None
    assert provision.sip_flags == SipFlags(
        voip_feature_enabled=True, voip_country_blocked=False, outbound_calls_enabled=True, dscp_enabled=False
    )
    assert provision.sip_info[0].transport == "TCP"
    assert provision.sip_info[0].switch_back_interval is None
    assert provision.sip_info[0].outbound_proxy_backup is None


@pytest.mark.parametrize("never", [0, -1])
def test_an_interval_that_is_not_positive_is_none(never: int) -> None:
    changed = _changed(PROVISION, ("sipInfo", 0, "switchBackInterval"), never)

    assert Provision.from_dict(changed).sip_info[0].switch_back_interval is None


def test_the_ways_without_a_password_are_left_out() -> None:
    bearer_only = {"authorizationTypes": ["BearerToken"], "domain": "sip.ringcentral.com"}
    offered = [bearer_only, *PROVISION["sipInfo"]]

    assert Provision.from_dict(_changed(PROVISION, ("sipInfo",), offered)) == Provision.from_dict(PROVISION)


@pytest.mark.parametrize("offered", [None, [], [{"domain": "sip.ringcentral.com"}]])
def test_a_provision_with_no_way_to_register_is_refused(offered: object) -> None:
    with pytest.raises(ValueError, match="no entry with a password"):
        Provision.from_dict(_changed(PROVISION, ("sipInfo",), offered))


@pytest.mark.parametrize(
    "path",
    [
        ("device",),
        ("device", "id"),
        ("sipInfo", 0, "username"),
        ("sipInfo", 0, "authorizationId"),
        ("sipInfo", 0, "domain"),
        ("sipInfo", 0, "outboundProxy"),
    ],
)
def test_a_provision_must_have_what_registers(path: tuple[str | int, ...]) -> None:
    with pytest.raises(ValueError, match=str(path[-1])):
        Provision.from_dict(_changed(PROVISION, path, None))


@pytest.mark.parametrize(
    ("path", "junk"),
    [
        (("device",), "802398804016"),
        (("sipInfo",), {}),
        (("sipInfo", 0), "TCP"),
        (("sipInfo", 0, "username"), "17203861294\r\nVia: x"),
        (("sipInfo", 0, "password"), ["s3cr3tpw"]),
        (("sipInfo", 0, "switchBackInterval"), "soon"),
        (("sipFlags",), [1]),
        (("sipFlags", "voipFeatureEnabled"), "yes"),
        (("sipFlags", "dscpVoice"), 4.6),
        (("sipErrorCodes",), "503"),
        (("sipErrorCodes",), ["x"]),
        (("sipErrorCodes",), [200]),
        (("sipErrorCodes",), [299]),
        (("sipErrorCodes",), [700]),
        (("pollingInterval",), True),
    ],
)
def test_junk_in_a_provision_is_refused_without_being_quoted(
    path: tuple[str | int, ...], junk: object
) -> None:
    with pytest.raises(ValueError) as caught:
        Provision.from_dict(_changed(PROVISION, path, junk))

    assert "17203861294" not in str(caught.value)
    assert "s3cr3tpw" not in str(caught.value)


def test_every_sip_failure_may_be_listed() -> None:
    assert Provision.from_dict(_changed(PROVISION, ("sipErrorCodes",), [300, 699])).sip_error_codes == (
        300,
        699,
    )


@pytest.mark.parametrize(
    "proxy", ["sip.example.com", ":5091", "sip.example.com:", "a b:1", "2001:db8::1:5091", "h:1/x"]
)
def test_a_proxy_must_be_a_host_and_a_port(proxy: str) -> None:
    with pytest.raises(ValueError, match="outboundProxy is not host:port"):
        Provision.from_dict(_changed(PROVISION, ("sipInfo", 0, "outboundProxy"), proxy))


@pytest.mark.parametrize("junk", [None, "", 5, [], {}, [PROVISION]])
def test_junk_instead_of_a_provision_is_refused(junk: object) -> None:
    with pytest.raises(ValueError):
        Provision.from_dict(junk)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(PROVISION)), _JSON)
def test_no_json_at_any_key_raises_anything_but_a_value_error(key: str, junk: object) -> None:
    try:
        provision = Provision.from_dict(_changed(PROVISION, (key,), junk))
    except ValueError:
        return
    assert Provision.from_dict(provision.as_dict()) == provision


_TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
_PROXY = st.from_regex(r"[a-z0-9.-]{1,40}:[0-9]{1,5}", fullmatch=True)
_SECONDS = st.none() | st.integers(1, 10**9)
_SIP_INFO = st.builds(
    SipInfo,
    username=_TEXT,
    password=_TEXT,
    authorization_id=_TEXT,
    domain=_TEXT,
    outbound_proxy=_PROXY,
    outbound_proxy_backup=st.none() | _TEXT,
    outbound_proxy_ipv6=st.none() | _TEXT,
    outbound_proxy_ipv6_backup=st.none() | _TEXT,
    transport=_TEXT,
    switch_back_interval=_SECONDS,
)
_FLAGS = st.builds(
    SipFlags,
    voip_feature_enabled=st.booleans(),
    voip_country_blocked=st.booleans(),
    outbound_calls_enabled=st.booleans(),
    dscp_enabled=st.booleans(),
    dscp_signaling=st.none() | st.integers(0, 63),
    dscp_voice=st.none() | st.integers(0, 63),
    dscp_video=st.none() | st.integers(0, 63),
)
_PROVISION = st.builds(
    Provision,
    device_id=_TEXT,
    sip_info=st.lists(_SIP_INFO, min_size=1, max_size=3).map(tuple),
    sip_flags=_FLAGS,
    sip_error_codes=st.lists(st.integers(300, 699), min_size=1, max_size=4).map(tuple),
    polling_interval=_SECONDS,
)


@given(_PROVISION)
def test_a_provision_survives_being_kept_as_json(provision: Provision) -> None:
    assert Provision.from_dict(json.loads(json.dumps(provision.as_dict()))) == provision


def test_what_is_kept_reads_like_what_was_received() -> None:
    kept = Provision.from_dict(PROVISION).as_dict()

    assert kept["sipFlags"] == PROVISION["sipFlags"]
    assert kept["sipErrorCodes"] == PROVISION["sipErrorCodes"]
    assert kept["pollingInterval"] == PROVISION["pollingInterval"]
    assert kept["sipInfo"][0].items() <= PROVISION["sipInfo"][0].items()


def test_numbers_and_secrets_stay_out_of_the_repr() -> None:
    shown = f"{Provision.from_dict(PROVISION)!r} {Extension.from_dict(EXTENSION)!r}"

    assert "17203861294" not in shown
    assert "s3cr3tpw" not in shown
    assert "802398804017" not in shown
    assert "sip.ringcentral.com" in shown
