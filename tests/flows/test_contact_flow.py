from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from unittest.mock import patch
import uuid

import aiohttp
from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.flows import contact_flow
from custom_components.ringcentral.people.vcard import MAX_SIZE
from tests.flow import suggested
from tests.translations import EN, missing_texts

ANNA: Final[dict[str, Any]] = {
    "name": "Anna",
    "numbers": ["(650) 555-0142"],
    "favorite": False,
    "blocked": False,
    "door_station": False,
    "answer_automatically": False,
}
FOLDED = {
    "door": ("door_station", "opening_keys"),
    "calls": ("greeting", "answer_automatically", "recording"),
}


def form(contact: Mapping[str, Any]) -> dict[str, Any]:
    """Return a contact as its form has it: some of it folded up."""
    folded = {part: {key: contact[key] for key in keys if key in contact} for part, keys in FOLDED.items()}
    plain = {key: value for key, value in contact.items() if all(key not in keys for keys in FOLDED.values())}
    return plain | folded


def card(name: str, *numbers: str) -> str:
    tels = "".join(f"TEL:{number}\n" for number in numbers)
    return f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\n{tels}END:VCARD\n"


class Contacts:
    """A person in front of a line's contacts; every text that is shown must exist."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self.hass, self.entry = hass, entry
        self.result: Mapping[str, Any] = {}

    def _seen(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        assert missing_texts("contact", result) == []
        if result["type"] is FlowResultType.ABORT and "translation_domain" not in result:
            EN["config_subentries"]["contact"]["abort"][result["reason"]].format(
                **result["description_placeholders"]
            )
        self.result = result
        return result

    async def begin(self, choice: str | None = None) -> None:
        flows = self.hass.config_entries.subentries
        self._seen(await flows.async_init((self.entry.entry_id, "contact"), context={"source": SOURCE_USER}))
        if choice is not None:
            await self.submit({"next_step_id": choice})

    async def edit(self, contact: ConfigSubentry) -> None:
        self._seen(await self.entry.start_subentry_reconfigure_flow(self.hass, contact.subentry_id))

    async def submit(self, typed: Mapping[str, Any]) -> Mapping[str, Any]:
        flows = self.hass.config_entries.subentries
        result = self._seen(await flows.async_configure(self.result["flow_id"], dict(typed)))
        await self.hass.async_block_till_done()
        return result

    async def upload(self, path: Path) -> Mapping[str, Any]:
        @contextmanager
        def uploaded(hass: HomeAssistant, file_id: str) -> Any:
            uuid.UUID(file_id)
            yield path

        with patch.object(contact_flow, "process_uploaded_file", uploaded):
            return await self.submit({"file": str(uuid.uuid4())})

    @property
    def known(self) -> list[tuple[str, list[str]]]:
        return [(each.title, each.data["numbers"]) for each in self.entry.subentries.values()]


@pytest.fixture(name="contacts")
async def fixture_contacts(hass: HomeAssistant) -> Contacts:
    """Return the contacts of a line in the United States that isn't set up."""
    hass.config.country = "US"
    entry = MockConfigEntry(domain=DOMAIN, title="Reception", data={"source": "sip"})
    entry.add_to_hass(hass)
    return Contacts(hass, entry)


def have(contacts: Contacts, name: str, *numbers: str, **more: Any) -> ConfigSubentry:
    data = MappingProxyType(ANNA | {"name": name, "numbers": list(numbers)} | more)
    contact = ConfigSubentry(data=data, subentry_type="contact", title=name, unique_id=None)
    contacts.hass.config_entries.async_add_subentry(contacts.entry, contact)
    return contact


# One by one


async def test_a_contact_is_typed_in(contacts: Contacts) -> None:
    await contacts.begin()
    assert contacts.result["menu_options"] == ["contact", "import_file"]
    await contacts.submit({"next_step_id": "contact"})
    assert contacts.result["step_id"] == "contact"

    done = await contacts.submit(
        form(ANNA | {"name": " Anna ", "numbers": [" (650) 555-0142", "", "101", "101"], "favorite": True})
    )

    assert (done["type"], done["title"]) == (FlowResultType.CREATE_ENTRY, "Anna")
    (contact,) = contacts.entry.subentries.values()
    assert dict(contact.data) == ANNA | {"numbers": ["(650) 555-0142", "101"], "favorite": True}


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": " "}, {"name": "no_name"}),
        ({"numbers": []}, {"numbers": "no_number"}),
        ({"numbers": [" "]}, {"numbers": "no_number"}),
        ({"numbers": ["101", "Anna Smith"]}, {"numbers": "invalid_number"}),
        ({"numbers": ["*"]}, {"numbers": "invalid_number"}),
        ({"numbers": ["+1 415 555 0100"]}, {"numbers": "already_contact"}),
        ({"opening_keys": "open"}, {"base": "invalid_opening_keys"}),
        ({"opening_keys": ",,"}, {"base": "invalid_opening_keys"}),
        ({"opening_keys": "1" * 65}, {"base": "invalid_opening_keys"}),
    ],
)
async def test_what_is_wrong_is_told_and_can_be_corrected(
    contacts: Contacts, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    have(contacts, "Ben", "(415) 555-0100")
    await contacts.begin("contact")

    shown = await contacts.submit(form(ANNA | wrong))
    assert shown["errors"] == errors
    assert suggested(shown["data_schema"]) == form(ANNA | {"recording": "as_line"} | wrong)

    assert (await contacts.submit(form(ANNA)))["type"] is FlowResultType.CREATE_ENTRY


async def test_whose_a_number_is_already_is_told_by_name(contacts: Contacts) -> None:
    have(contacts, "Ben", "(415) 555-0100")
    await contacts.begin("contact")

    shown = await contacts.submit(form(ANNA | {"numbers": ["415 555 0100"]}))

    assert shown["description_placeholders"] == {"number": "415 555 0100", "contact": "Ben"}


async def test_a_contact_is_changed(contacts: Contacts) -> None:
    contact = have(contacts, "Anna", "(650) 555-0142")
    have(contacts, "Ben", "101")
    await contacts.edit(contact)
    assert suggested(contacts.result["data_schema"]) == form(ANNA)

    shown = await contacts.submit(form(ANNA | {"numbers": ["101"]}))
    assert shown["errors"] == {"numbers": "already_contact"}
    changed = ANNA | {"name": "Anna Smith", "numbers": ["+16505550142"], "blocked": True}
    done = await contacts.submit(form(changed))

    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert contacts.known == [("Anna Smith", ["+16505550142"]), ("Ben", ["101"])]
    assert contacts.entry.subentries[contact.subentry_id].data["blocked"] is True


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"opening_keys": " , #5 a "}, {"opening_keys": ",#5A"}),
        ({"greeting": " Hello Anna\n"}, {"greeting": "Hello Anna"}),
        ({"opening_keys": " ", "greeting": " "}, {}),
        ({"recording": "never"}, {"recording": "never"}),
        ({"recording": "as_line"}, {}),
        ({}, {}),
    ],
)
async def test_what_a_contact_s_calls_need_is_kept_only_where_there_is_some(
    contacts: Contacts, typed: dict[str, str], kept: dict[str, str]
) -> None:
    marks = {"door_station": True, "answer_automatically": True}
    more = {"opening_keys": "9", "greeting": "Good morning", "recording": "always"}
    contact = have(contacts, "Anna", *ANNA["numbers"], **more)
    await contacts.edit(contact)
    assert suggested(contacts.result["data_schema"]) == form(ANNA | more)

    await contacts.submit(form(ANNA | marks | typed))

    assert dict(contacts.entry.subentries[contact.subentry_id].data) == ANNA | marks | kept


# Many from a file


async def test_the_contacts_of_a_file_are_added_and_counted(contacts: Contacts, tmp_path: Path) -> None:
    have(contacts, "Ben", "(415) 555-0100")
    path = tmp_path / "contacts.vcf"
    path.write_text(
        card("Anna", "+1 650 555 0142", "6505550142", "+14155550100")
        + card("Benjamin", "+14155550100")
        + card("Anna again", "(650) 555-0142")
        + card("Nobody", "no number")
    )
    await contacts.begin("import_file")

    done = await contacts.upload(path)

    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "imported")
    assert done["description_placeholders"] == {
        "added": "1", "known": "2", "unusable": "1", "left": "0", "most": "1000",
    }  # fmt: skip
    assert contacts.known == [("Ben", ["(415) 555-0100"]), ("Anna", ["6505550142"])]


async def test_a_file_comes_as_the_browser_sends_it(
    contacts: Contacts, hass_client: ClientSessionGenerator, socket_enabled: None
) -> None:
    await contacts.begin("import_file")
    client = await hass_client()
    upload = aiohttp.FormData()
    upload.add_field("file", card("Anna", "101").encode(), filename="contacts.vcf", content_type="text/vcard")
    uploaded = await (await client.post("/api/file_upload", data=upload)).json()

    done = await contacts.submit({"file": uploaded["file_id"]})

    assert (done["reason"], contacts.known) == ("imported", [("Anna", ["101"])])


async def test_what_came_from_a_file_can_be_changed(contacts: Contacts, tmp_path: Path) -> None:
    path = tmp_path / "contacts.vcf"
    path.write_text(card("Anna", "101"))
    await contacts.begin("import_file")
    await contacts.upload(path)
    (contact,) = contacts.entry.subentries.values()

    await contacts.edit(contact)
    await contacts.submit(form(ANNA | {"numbers": ["102"]}))

    assert contacts.known == [("Anna", ["102"])]


async def test_a_line_has_no_more_contacts_than_it_can_keep(
    contacts: Contacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_flow, "MAX_CONTACTS", 3)
    have(contacts, "Ben", "(415) 555-0100")
    path = tmp_path / "contacts.vcf"
    path.write_text("".join(card(f"Extension {number}", str(number)) for number in range(101, 106)))
    await contacts.begin("import_file")

    done = await contacts.upload(path)

    assert done["reason"] == "imported_in_part"
    assert (done["description_placeholders"]["added"], done["description_placeholders"]["left"]) == ("2", "3")
    assert len(contacts.known) == 3


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\x89PNG", "no_contacts"),
        (b"", "no_contacts"),
        (b"x" * (MAX_SIZE + 1), "file_too_large"),
    ],
    ids=["a picture", "nothing", "too much"],
)
async def test_a_file_that_is_of_no_use_can_be_replaced(
    contacts: Contacts, tmp_path: Path, content: bytes, error: str
) -> None:
    path = tmp_path / "contacts.vcf"
    path.write_bytes(content)
    await contacts.begin("import_file")

    shown = await contacts.upload(path)
    assert shown["errors"] == {"file": error}

    path.write_text(card("Anna", "101"))
    assert (await contacts.upload(path))["reason"] == "imported"


async def test_a_file_that_was_read_already_is_asked_for_again(contacts: Contacts) -> None:
    await contacts.begin("import_file")

    shown = await contacts.submit({"file": str(uuid.uuid4())})

    assert shown["errors"] == {"file": "no_contacts"}
