"""Permissions are called as people find them in RingCentral's console."""

import pytest

from custom_components.ringcentral.account.permissions import console_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("VoipCalling", "VoIP Calling"),
        ("ReadAccounts", "Read Accounts"),
        ("ReadContacts", "Read Contacts"),
        ("EditExtensions", "Edit Extensions"),
        ("SomethingNew", "SomethingNew"),
        (None, "VoIP Calling"),
    ],
)
def test_a_permission_is_called_as_the_console_does(name: str | None, shown: str) -> None:
    assert console_name(name) == shown
