"""What Home Assistant's hassfest and HACS ask of a repository, without either: neither is on the package index."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
import tomllib
from typing import Any

from awesomeversion import AwesomeVersion
from homeassistant.const import Platform, __version__ as HOME_ASSISTANT
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import TargetSelector, validate_selector
from homeassistant.util.yaml import load_yaml_dict
from PIL import Image
import pytest
import voluptuous as vol

from custom_components.ringcentral.const import DOMAIN
from custom_components.ringcentral.flows.account_forms import PRESET_FORMS, AccountForm
from custom_components.ringcentral.issues import LEARN_MORE

type Tree = dict[str, "Tree"] | str

REPOSITORY = Path(__file__).parents[1]
INTEGRATION = REPOSITORY / "custom_components" / DOMAIN
MANIFEST_KEYS = {
    "domain", "name", "after_dependencies", "codeowners", "config_flow", "dependencies", "documentation",
    "integration_type", "iot_class", "issue_tracker", "loggers", "quality_scale", "requirements",
    "single_config_entry", "version",
}  # fmt: skip
TRANSLATION_KEYS = {
    "title", "config", "config_subentries", "options", "selector", "device_automation", "system_health", "issues",
    "device", "entity", "entity_component", "exceptions", "services", "conditions", "triggers", "conversation",
    "common", "config_panel", "application_credentials", "preview_features",
}  # fmt: skip
# Always there, so an integration needn't depend on them; so are the platforms (hassfest's dependencies.py).
BUILT_IN = {str(platform) for platform in Platform} | {
    "automation", "device_automation", "frontend", "group", "homeassistant", "media_source", "network",
    "persistent_notification", "person", "script", "sun", "system_health", "timer", "webhook", "websocket_api", "zone",
}  # fmt: skip
# A file with this name is only read when the component of that name is there.
PLATFORM_FILES = {"diagnostics", "logbook", "recorder", "repairs", "system_health"}
QUALITY_RULES = {
    "action-exceptions", "action-setup", "appropriate-polling", "async-dependency", "brands", "common-modules",
    "config-entry-unloading", "config-flow", "config-flow-test-coverage", "dependency-transparency", "devices",
    "diagnostics", "discovery", "discovery-update-info", "docs-actions", "docs-conditions",
    "docs-configuration-parameters", "docs-data-update", "docs-examples", "docs-high-level-description",
    "docs-installation-instructions", "docs-installation-parameters", "docs-known-limitations",
    "docs-removal-instructions", "docs-supported-devices", "docs-supported-functions", "docs-triggers",
    "docs-troubleshooting", "docs-use-cases", "dynamic-devices", "entity-category", "entity-device-class",
    "entity-disabled-by-default", "entity-event-setup", "entity-translations", "entity-unavailable", "entity-unique-id",
    "exception-translations", "has-entity-name", "icon-translations", "inject-websession", "integration-owner",
    "log-when-unavailable", "parallel-updates", "reauthentication-flow", "reconfiguration-flow", "repair-issues",
    "runtime-data", "stale-devices", "strict-typing", "test-before-configure", "test-before-setup", "test-coverage",
    "unique-config-entry",
}  # fmt: skip
# hassfest looks at the quality scale of core integrations only.
QUALITY_SCALE = vol.Schema(
    {
        "rules": {
            vol.Required(rule): vol.Any(
                "done",
                "todo",
                {
                    vol.Required("status"): vol.Any("done", "todo"),
                    vol.Optional("comment"): vol.All(str, vol.Length(1)),
                },
                {vol.Required("status"): "exempt", vol.Required("comment"): vol.All(str, vol.Length(1))},
            )
            for rule in QUALITY_RULES
        }
    }
)
KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
URL = re.compile(r"\b[a-z]+://|\bwww\.", re.IGNORECASE)
PLACEHOLDER = re.compile(r"{([^{}]*)}")
# A Markdown link that stays in the repository: a path, a heading, or both.
LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]*)#?([^)\s]*)\)")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file whose top is an object."""
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def leaves(tree: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text of a tree with the keys that lead to it."""
    if isinstance(tree, str):
        yield path, tree
        return
    for key, branch in tree.items():
        yield from leaves(branch, (*path, key))


def objects(tree: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Tree]]]:
    """Yield every object of a tree with the keys that lead to it."""
    if isinstance(tree, str):
        return
    yield path, tree
    for key, branch in tree.items():
        yield from objects(branch, (*path, key))


def keys(tree: object) -> set[str]:
    """Return the keys of an object, none of what isn't there."""
    return set(tree) if isinstance(tree, dict) else set()


def translation_problems(translations: dict[str, Tree]) -> set[str]:
    """Return what hassfest's translations.py would complain of."""
    problems = {f"{key}: unknown" for key in keys(translations) - TRANSLATION_KEYS}
    for path, text in leaves(translations):
        where = ".".join(path)
        problems |= {f"{where}: key {key}" for key in path if not KEY.fullmatch(key)}
        problems |= {f"{where}: {problem}" for problem in _text_problems(path, text)}
    for path, branch in objects(translations):
        extra = keys(branch.get("data_description")) - keys(branch.get("data"))
        problems |= {f"{'.'.join((*path, key))}: describes no field" for key in extra}
    for issue, texts in repair_issues(translations):
        if "title" not in texts or len({"description", "fix_flow"} & texts) != 1:
            problems.add(f"issues.{issue}: needs a title and either a description or a fix_flow")
    return problems


def repair_issues(translations: dict[str, Tree]) -> Iterator[tuple[str, set[str]]]:
    """Yield each repair issue with the texts it has."""
    issues = translations.get("issues", {})
    assert isinstance(issues, dict)
    yield from ((issue, keys(texts)) for issue, texts in issues.items())


def _text_problems(path: tuple[str, ...], text: str) -> Iterator[str]:
    try:
        cv.string_with_no_html(text)
    except vol.Invalid:
        yield "HTML"
    if URL.search(text):
        yield "URL"
    if text != text.strip() or not text:
        yield "space"
    if re.search(r"'{[^{}]*}'", text):
        yield "quoted placeholder"
    placeholders = PLACEHOLDER.findall(text)
    if not all(name.isidentifier() for name in placeholders):
        yield "placeholder"
    if placeholders and path[0] == "entity" and path[-1] != "name":
        yield "placeholder in a state"


@pytest.fixture(name="manifest")
def fixture_manifest() -> dict[str, Any]:
    return read_json(INTEGRATION / "manifest.json")


@pytest.fixture(name="translations")
def fixture_translations() -> dict[str, Tree]:
    return read_json(INTEGRATION / "translations/en.json")


@pytest.fixture(name="icons")
def fixture_icons() -> dict[str, Tree]:
    return read_json(INTEGRATION / "icons.json")


def test_manifest_keys_are_known_and_in_order(manifest: dict[str, Any]) -> None:
    assert keys(manifest) <= MANIFEST_KEYS
    assert list(manifest) == ["domain", "name", *sorted(keys(manifest) - {"domain", "name"})]


def test_manifest_says_what_this_is(manifest: dict[str, Any]) -> None:
    assert manifest["domain"] == DOMAIN == INTEGRATION.name
    assert manifest["name"] == "RingCentral"
    assert manifest["config_flow"] is True and (INTEGRATION / "config_flow.py").exists()
    assert manifest["iot_class"] == "cloud_push"
    assert manifest["integration_type"] in {"hub", "service"}


def test_requirements_are_pinned_and_what_the_tests_run_with(manifest: dict[str, Any]) -> None:
    assert manifest["requirements"]
    tested = (REPOSITORY / "requirements_test.txt").read_text().splitlines()
    assert [each for each in manifest["requirements"] if "==" not in each or each not in tested] == []


def test_manifest_names_its_owners_and_pages(manifest: dict[str, Any]) -> None:
    owners, documentation, issues = (
        manifest["codeowners"],
        manifest["documentation"],
        manifest["issue_tracker"],
    )
    assert owners and all(owner.startswith("@") for owner in owners)
    assert documentation.startswith("https://")
    assert not documentation.startswith("https://www.home-assistant.io/integrations")
    assert issues.startswith("https://")


def test_manifest_version_is_semantic_and_the_project_s(manifest: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9a-z.]+)?", manifest["version"])
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert manifest["version"] == project["version"]


def test_every_component_that_is_imported_is_a_dependency(manifest: dict[str, Any]) -> None:
    declared = {*manifest.get("dependencies", ()), *manifest.get("after_dependencies", ())}
    imported = {
        match
        for path in INTEGRATION.rglob("*.py")
        if path.stem not in PLATFORM_FILES
        for match in imported_components(path.read_text())
    }
    assert imported - BUILT_IN - declared == set()


def imported_components(source: str) -> set[str]:
    """Return the components of Home Assistant that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(module="homeassistant.components", names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module)) if module.startswith("homeassistant.components."):
                names.add(module.split(".")[2])
            case ast.Import(names=aliases):
                parts = [alias.name.split(".") for alias in aliases]
                names |= {part[2] for part in parts if part[:2] == ["homeassistant", "components"]}
    return names


@pytest.mark.parametrize(
    "source",
    [
        "from homeassistant.components import http",
        "from homeassistant.components.http import HomeAssistantView",
        "import homeassistant.components.http.auth",
    ],
)
def test_an_imported_component_is_seen(source: str) -> None:
    assert imported_components(source) == {"http"}


def test_hacs_knows_what_this_needs() -> None:
    hacs = read_json(REPOSITORY / "hacs.json")
    assert hacs == {"name": "RingCentral", "homeassistant": "2026.10.0"}
    assert AwesomeVersion(HOME_ASSISTANT) >= AwesomeVersion("2026.10.0")


def test_the_licence_is_one_that_hosts_recognise() -> None:
    licence = (REPOSITORY / "LICENSE").read_text()
    assert "Apache License" in licence and "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_texts_are_as_home_assistant_wants_them(translations: dict[str, Tree]) -> None:
    assert translation_problems(translations) == set()


def test_texts_are_where_a_custom_integration_keeps_them() -> None:
    assert not (INTEGRATION / "strings.json").exists()


@pytest.mark.parametrize(
    ("translations", "problem"),
    [
        ({"titel": "RingCentral"}, "titel: unknown"),
        ({"title": "Ring<b>Central</b>"}, "title: HTML"),
        ({"title": "See https://example.com"}, "title: URL"),
        ({"title": "See www.example.com"}, "title: URL"),
        ({"title": "RingCentral "}, "title: space"),
        ({"title": ""}, "title: space"),
        ({"title": "Line '{name}'"}, "title: quoted placeholder"),
        ({"title": "Line {the name}"}, "title: placeholder"),
        (
            {"entity": {"sensor": {"line": {"state": {"idle": "{a}"}}}}},
            "entity.sensor.line.state.idle: placeholder in a state",
        ),
        ({"exceptions": {"Bad": {"message": "No"}}}, "exceptions.Bad.message: key Bad"),
        ({"exceptions": {"a__b": {"message": "No"}}}, "exceptions.a__b.message: key a__b"),
        ({"exceptions": {"a_": {"message": "No"}}}, "exceptions.a_.message: key a_"),
        (
            {"config": {"step": {"user": {"data": {}, "data_description": {"port": "Port"}}}}},
            "config.step.user.port: describes no field",
        ),
        (
            {"issues": {"lost": {"title": "Lost"}}},
            "issues.lost: needs a title and either a description or a fix_flow",
        ),
    ],
)
def test_a_bad_text_is_found(translations: dict[str, Tree], problem: str) -> None:
    assert translation_problems(translations) == {problem}


def test_a_good_text_is_no_problem() -> None:
    assert (
        translation_problems(
            {
                "entity": {"sensor": {"line": {"name": "Line {number}", "state": {"on_hold": "On hold"}}}},
                "config": {"step": {"user": {"data": {"port": "Port"}, "data_description": {"port": "TCP"}}}},
                "issues": {"lost": {"title": "Lost", "description": "Call 1 < 2"}},
            }
        )
        == set()
    )


def test_icons_are_material_design_icons(icons: dict[str, Tree]) -> None:
    assert keys(icons) <= {"entity", "services", "triggers", "conditions"}
    assert [".".join(path) for path, icon in leaves(icons) if not re.fullmatch(r"mdi:[a-z0-9-]+", icon)] == []


def test_icons_are_of_entities_that_have_a_name(
    icons: dict[str, Tree], translations: dict[str, Tree]
) -> None:
    named = {path[1:3] for path, _ in leaves(translations) if path[0] == "entity"}
    assert {path[1:3] for path, _ in leaves(icons) if path[0] == "entity"} - named == set()


@pytest.mark.parametrize("kind", ["services", "triggers", "conditions"])
def test_what_automations_use_is_described_named_and_drawn(
    kind: str, icons: dict[str, Tree], translations: dict[str, Tree]
) -> None:
    sources = [load_yaml_dict(str(path)) for path in INTEGRATION.glob(f"{kind}.yaml")]
    described = {key for source in sources for key in source if not key.startswith(".")}
    assert keys(translations.get(kind)) == keys(icons.get(kind)) == described


# hassfest's triggers.py and conditions.py.
AUTOMATION_SCHEMA = vol.Schema(
    {
        vol.Remove(vol.All(str, vol.Match(r"\."))): object,
        cv.underscore_slug: {
            vol.Optional("target"): TargetSelector.CONFIG_SCHEMA,
            vol.Optional("fields"): {
                str: {
                    vol.Optional("example"): object,
                    vol.Optional("default"): object,
                    vol.Optional("required"): bool,
                    vol.Required("selector"): validate_selector,
                    vol.Optional("context"): {str: str},
                }
            },
        },
    }
)


@pytest.mark.parametrize("kind", ["triggers", "conditions"])
def test_what_starts_automations_is_described_as_home_assistant_wants_it(
    kind: str, translations: dict[str, Any]
) -> None:
    described = AUTOMATION_SCHEMA(load_yaml_dict(str(INTEGRATION / f"{kind}.yaml")))
    assert (INTEGRATION / f"{kind[:-1]}.py").exists()
    for name, description in described.items():
        texts, fields = translations[kind][name], description.get("fields", {})
        assert keys(texts) - {"fields"} == {"name", "description"}
        assert keys(texts.get("fields")) == keys(fields)
        assert all(keys(text) == {"name", "description"} for text in texts.get("fields", {}).values())
        for field in fields.values():
            assert unnamed_options(field["selector"], translations) == set()


# hassfest's services.py: a field may also be a section of fields, whose own texts stand beside those of the others.
FIELD_SCHEMA = vol.Schema(
    {
        vol.Optional("example"): object,
        vol.Optional("default"): object,
        vol.Optional("required"): bool,
        vol.Required("selector"): validate_selector,
    }
)
SERVICE_SCHEMA = vol.Schema(
    {
        cv.slug: {
            vol.Optional("target"): TargetSelector.CONFIG_SCHEMA,
            vol.Optional("fields"): {
                str: vol.Any(
                    FIELD_SCHEMA,
                    {vol.Optional("collapsed"): bool, vol.Required("fields"): {str: FIELD_SCHEMA}},
                )
            },
        }
    }
)


def test_what_automations_do_is_described_as_home_assistant_wants_it(translations: dict[str, Any]) -> None:
    for name, description in SERVICE_SCHEMA(load_yaml_dict(str(INTEGRATION / "services.yaml"))).items():
        texts, described = translations["services"][name], description.get("fields", {})
        sections = {key: field["fields"] for key, field in described.items() if "fields" in field}
        fields = {key: field for key, field in described.items() if key not in sections}
        for section in sections.values():
            assert not keys(fields) & keys(section)
            fields |= section
        assert keys(texts) - {"fields", "sections"} == {"name", "description"}
        assert keys(texts.get("fields")) == keys(fields)
        assert keys(texts.get("sections")) == keys(sections)
        named = [*texts.get("fields", {}).values(), *texts.get("sections", {}).values()]
        assert all(keys(text) == {"name", "description"} for text in named)
        assert [unnamed_options(field["selector"], translations) for field in fields.values()] == [
            set()
        ] * len(fields)


def unnamed_options(selector: dict[str, Any], translations: dict[str, Any]) -> set[str]:
    """Return the options of a selector that are shown in words and have none."""
    select = selector.get("select") or {}
    if "translation_key" not in select:
        return set()
    return {*select["options"]} ^ {*translations["selector"][select["translation_key"]]["options"]}


@pytest.mark.parametrize(
    "described",
    [
        {"rang": {"fields": {"number": {"selector": {"texts": None}}}}},
        {"rang": {"fields": {"number": {"selector": {"text": None}, "name": "Number"}}}},
        {"rang": {"target": {"entities": []}}},
        {"Rang": {}},
    ],
)
def test_a_bad_description_is_found(described: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        AUTOMATION_SCHEMA(described)


def test_every_rule_of_the_quality_scale_is_answered() -> None:
    assert len(QUALITY_RULES) == 54
    QUALITY_SCALE(load_yaml_dict(str(INTEGRATION / "quality_scale.yaml")))


@pytest.mark.parametrize("answer", ["maybe", {"status": "exempt"}, {"status": "done", "reason": "x"}])
def test_an_answer_that_says_nothing_is_found(answer: object) -> None:
    rules = {**dict.fromkeys(QUALITY_RULES, "done"), "brands": answer}
    with pytest.raises(vol.Invalid):
        QUALITY_SCALE({"rules": rules})


@pytest.mark.parametrize(("name", "size"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_the_brand_is_square_transparent_and_trimmed(name: str, size: int) -> None:
    with Image.open(INTEGRATION / "brand" / name) as image:
        alpha = image.getchannel("A")
        assert (image.format, image.size) == ("PNG", (size, size))
        assert alpha.getextrema() == (0, 255)
        left, top, right, bottom = alpha.point(lambda value: 255 * (value > 8)).getbbox() or (0, 0, 0, 0)
    assert min(left, size - right) <= size // 64 or min(top, size - bottom) <= size // 64
    assert max(right - left, bottom - top) >= size - size // 32


PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_links_to_what_is_there(page: Path) -> None:
    assert dead_links(page.read_text(), page.parent) == []


def dead_links(text: str, folder: Path) -> list[str]:
    """Return the links to files and headings of this repository that lead nowhere."""
    return [
        f"{path}#{heading}" if heading else path
        for path, heading in LINK.findall(text)
        if not _is_there(text, folder, path, heading)
    ]


def _is_there(text: str, folder: Path, path: str, heading: str) -> bool:
    if path and not (folder / path).is_file():
        return False
    return not heading or heading in headings((folder / path).read_text() if path else text)


def headings(text: str) -> set[str]:
    """Return the anchors that hosts make of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_a_dead_link_is_found() -> None:
    text = "# Here\n[a](nowhere.md) [b](#there) [c](#here) [d](https://example.com/nowhere.md)"
    assert dead_links(text, REPOSITORY) == ["nowhere.md", "#there"]


@pytest.mark.parametrize("form", PRESET_FORMS.values(), ids=PRESET_FORMS)
def test_a_form_s_guide_is_a_page_of_this_repository(form: AccountForm, manifest: dict[str, Any]) -> None:
    repository, _, page = form.guide.partition("/blob/main/")
    assert repository == manifest["documentation"]
    assert (REPOSITORY / page).is_file()


def test_repairs_tell_more_on_a_page_of_this_repository(manifest: dict[str, Any]) -> None:
    repository, _, link = LEARN_MORE.partition("/blob/main/")
    assert repository == manifest["documentation"]
    assert dead_links(f"[more]({link})", REPOSITORY) == []


@pytest.mark.parametrize("folder", ["custom_components", "simulator", "tests", "benchmarks"])
def test_every_python_file_compiles(folder: str) -> None:
    for path in (REPOSITORY / folder).rglob("*.py"):
        compile(path.read_bytes(), path, "exec", dont_inherit=True)
