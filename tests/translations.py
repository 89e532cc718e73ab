"""Whether what is shown has words: Home Assistant shows a bare key where a text is missing."""

from collections.abc import Mapping
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import SelectSelector
import voluptuous as vol

_FOLDER: Final = Path(__file__).parents[1] / "custom_components" / "ringcentral" / "translations"
EN: Final[dict[str, Any]] = json.loads((_FOLDER / "en.json").read_text("utf-8"))


def missing_texts(kind: str, result: Mapping[str, Any]) -> list[str]:
    """Return what a step of a flow shows that has no text, and what its texts leave open.

    The kind is "config", "options", or the type of a subentry.
    """
    flow = EN["config_subentries"].get(kind) or EN[kind]
    if "reason" in result:
        if result.get("translation_domain") == "homeassistant":
            return []  # Home Assistant's own words
        return [] if result["reason"] in flow["abort"] else [f"abort {result['reason']}"]
    if "step_id" not in result or "url" in result:
        return []
    if "progress_action" in result:
        return [] if result["progress_action"] in flow["progress"] else ["progress"]
    if "menu_options" in result:
        texts = flow["step"][result["step_id"]]["menu_options"]
        return [f"option {option}" for option in result["menu_options"] if option not in texts]
    step = flow["step"].get(result["step_id"], {})
    errors = [flow["error"].get(key) for key in (result["errors"] or {}).values()]
    shown = [step.get("title"), *([step["description"]] if "description" in step else []), *errors]
    known = result["description_placeholders"] or {}
    return [
        *(f"text {result['step_id']}" for text in shown if not text),
        *(f"placeholder {name}" for text in shown for name in _open(text or "") if name not in known),
        *_missing_fields(step, result["data_schema"]),
    ]


def _open(text: str) -> list[str]:
    return re.findall(r"{(\w+)}", text)


def _worded(field: SelectSelector) -> list[str]:
    """Return the options whose words are ours; those of the user's own things have a label."""
    return [
        option if isinstance(option, str) else option["value"]
        for option in field.config["options"]
        if isinstance(option, str) or option["value"] == option["label"]
    ]


def _missing_fields(texts: Mapping[str, Any], schema: vol.Schema) -> list[str]:
    missing = []
    for key, field in schema.schema.items():
        if isinstance(field, section):
            missing += _missing_fields(texts.get("sections", {}).get(key, {}), field.schema)
            continue
        missing += [
            f"{part} {key}" for part in ("data", "data_description") if key not in texts.get(part, {})
        ]
        if isinstance(field, SelectSelector):
            options = EN["selector"][field.config["translation_key"]]["options"]
            missing += [f"option {option}" for option in _worded(field) if option not in options]
    return missing
