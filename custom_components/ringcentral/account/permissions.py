"""The app permissions of RingCentral: as its interface calls them, and as its developer console shows them."""

from typing import Final

CONSOLE_NAMES: Final = {
    "EditExtensions": "Edit Extensions",
    "EditMessages": "Edit Messages",
    "ReadAccounts": "Read Accounts",
    "ReadCallLog": "Read Call Log",
    "ReadContacts": "Read Contacts",
    "ReadMessages": "Read Messages",
    "VoipCalling": "VoIP Calling",
}


def console_name(permission: str | None) -> str:
    """Return what people look for in the console; a name nobody has told us of as it came, and none for phoning."""
    name = permission or "VoipCalling"
    return CONSOLE_NAMES.get(name, name)
