"""The exception tree and its texts."""

import pytest

from custom_components.ringcentral.cloud import errors


def test_a_text_ends_with_what_support_asks_for() -> None:
    error = errors.SignInRefused(error_code="OAU-140", request_id="abc")

    assert str(error) == "RingCentral refused the sign-in (OAU-140, request abc)"
    assert (error.error_code, error.request_id) == ("OAU-140", "abc")


def test_a_text_without_code_and_request_id_has_no_brackets() -> None:
    assert str(errors.WrongJwt()) == "RingCentral does not accept the JWT"


def test_a_detail_takes_the_place_of_the_summary() -> None:
    assert str(errors.UnexpectedAnswer("too large", request_id="abc")) == "too large (request abc)"


def test_a_missing_permission_is_named() -> None:
    error = errors.MissingPermission(permission="VoipCalling", error_code="CMN-401")

    assert error.permission == "VoipCalling"
    assert str(error) == "The RingCentral app lacks the permission VoipCalling (CMN-401)"


def test_a_permission_without_name_is_still_an_error_with_a_text() -> None:
    assert str(errors.MissingPermission(permission=None)) == "The RingCentral app lacks a permission"


def test_unreachable_says_why() -> None:
    error = errors.Unreachable(cause=errors.UnreachableCause.DNS)

    assert str(error) == "RingCentral can't be reached: dns"
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        (errors.InvalidServer, ValueError),
        (errors.WrongApp, errors.SignInRefused),
        (errors.GrantNotEnabled, errors.WrongApp),
        (errors.WrongEnvironment, errors.WrongApp),
        (errors.WrongJwt, errors.SignInRefused),
        (errors.MissingPermission, errors.NotAllowed),
        (errors.FeatureUnavailable, errors.NotAllowed),
        (errors.ExtensionUnusable, errors.UnexpectedAnswer),
    ],
)
def test_the_tree_is_as_drawn(child: type[Exception], parent: type[Exception]) -> None:
    assert issubclass(child, parent)
    assert issubclass(child, errors.RingCentralError)


@pytest.mark.parametrize("other", [errors.RateLimited, errors.Unreachable, errors.UnexpectedAnswer])
def test_what_passes_by_itself_is_no_refused_sign_in(other: type[Exception]) -> None:
    assert not issubclass(other, (errors.SignInRefused, errors.NotAllowed))
