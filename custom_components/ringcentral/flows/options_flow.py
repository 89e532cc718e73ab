"""Configure: what happens with a line's calls, a page at a time."""

from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from ..account.chosen_at_ringcentral import async_try_choices
from ..account.sources import SIGNED_IN
from ..clips.media_folder import async_make_media_folder
from ..clips.speech_to_text import EngineMissingError, async_spoken_language
from ..const import (
    CONF_EMERGENCY_CALLS,
    CONF_IN_MEDIA_FOLDER,
    CONF_SMALLER_FILES,
    CONF_SOURCE,
    CONF_SPEECH_TO_TEXT,
    CONF_TRANSCRIPT_LANGUAGE,
    CONF_UNANNOUNCED,
)
from ..people.numbering import Numbering
from ..softphone.calls.dialing import is_emergency
from .config_forms import Problem
from .options_forms import (
    CONF_UNDERSTOOD,
    FORMS,
    RECORDING_HELP,
    UNDERSTOOD_FORM,
    Page,
    async_problem_of_mp3,
    chosen_on,
    problem_of_numbers,
)


class LineOptionsFlow(OptionsFlow):
    """Change what was chosen; each page is saved by itself, and no call ends for it."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._typed: dict[str, Any] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what it is about."""
        signed_in = self.config_entry.data[CONF_SOURCE] in SIGNED_IN
        pages = [page for page in Page if signed_in or page is not Page.RINGCENTRAL]
        return self.async_show_menu(step_id="init", menu_options=pages)

    async def async_step_calls(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask the same question as when the line was added, and when the phone just rings."""
        return self._page(Page.CALLS, user_input)

    async def async_step_machine(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what the answering machine says and waits for."""
        return self._page(Page.MACHINE, user_input)

    async def async_step_recording(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is recorded, and what callers are told and asked before."""
        if user_input is not None and self._newly_chosen(CONF_UNANNOUNCED, Page.RECORDING, user_input):
            self._typed = user_input
            return await self.async_step_unannounced()
        return self._page(Page.RECORDING, user_input)

    async def async_step_unannounced(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Tell what comes with recording people who aren't told; nothing is saved until that is confirmed."""
        return self._confirm("unannounced", Page.RECORDING, user_input)

    async def async_step_recordings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how long recordings are kept, how much room they may take, where they go, and as what."""
        problem = Problem()
        if user_input is not None and user_input[CONF_IN_MEDIA_FOLDER]:
            try:
                await async_make_media_folder(self.hass)
            except OSError as error:
                reason = error.strerror or str(error)
                problem = Problem({CONF_IN_MEDIA_FOLDER: "media_folder_unusable"}, {"reason": reason})
        if user_input is not None and user_input[CONF_SMALLER_FILES] and not problem.errors:
            problem = await async_problem_of_mp3(self.hass)
        return self._page(Page.RECORDINGS, user_input, problem)

    async def async_step_transcripts(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask who writes down what callers say."""
        return self._page(Page.TRANSCRIPTS, user_input, self._problem_of_engine(user_input or {}))

    async def async_step_callers(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask who is kept away and who gets through."""
        return self._page(Page.CALLERS, user_input)

    async def async_step_calling(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whom automations may call, and whom a test of the line calls."""
        if user_input is None:
            return self._page(Page.CALLING, None)
        options = chosen_on(Page.CALLING, self.config_entry.options, user_input)
        numbering = await self.hass.async_add_executor_job(Numbering, self.hass.config.country)
        problem = problem_of_numbers(options, partial(is_emergency, of_country=numbering.emergency_numbers))
        if not problem.errors and self._newly_chosen(CONF_EMERGENCY_CALLS, Page.CALLING, user_input):
            self._typed = user_input
            return await self.async_step_emergency_calls()
        return self._page(Page.CALLING, user_input, problem)

    async def async_step_emergency_calls(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Tell what comes with letting automations call emergency services; nothing is saved until that is confirmed."""
        return self._confirm("emergency_calls", Page.CALLING, user_input)

    async def async_step_ringcentral(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what RingCentral itself is to do, and try whether it allows that."""
        problem = Problem()
        if user_input is not None:
            options = chosen_on(Page.RINGCENTRAL, self.config_entry.options, user_input)
            problem = await async_try_choices(self.hass, self.config_entry, options)
        return self._page(Page.RINGCENTRAL, user_input, problem)

    def _newly_chosen(self, key: str, page: Page, user_input: dict[str, Any]) -> bool:
        before = self.config_entry.options
        return key in chosen_on(page, before, user_input).keys() - before.keys()

    def _confirm(self, step_id: str, page: Page, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Save what was typed on a page once it is confirmed that what comes with it is known."""
        if user_input is not None and user_input[CONF_UNDERSTOOD]:
            return self._page(page, self._typed)
        return self.async_show_form(
            step_id=step_id,
            data_schema=UNDERSTOOD_FORM,
            errors={} if user_input is None else {CONF_UNDERSTOOD: "not_understood"},
            description_placeholders={"recording_help": RECORDING_HELP},
        )

    def _problem_of_engine(self, typed: dict[str, Any]) -> Problem:
        """Return what is wrong with an engine that was chosen, or with the language for it."""
        if (engine := typed.get(CONF_SPEECH_TO_TEXT)) is None:
            return Problem()
        try:
            language = async_spoken_language(self.hass, engine, typed.get(CONF_TRANSCRIPT_LANGUAGE))
        except EngineMissingError:
            return Problem({CONF_SPEECH_TO_TEXT: "engine_missing"})
        return Problem({} if language else {CONF_TRANSCRIPT_LANGUAGE: "language_not_spoken"})

    def _page(
        self, page: Page, user_input: dict[str, Any] | None, problem: Problem | None = None
    ) -> ConfigFlowResult:
        """Save what was typed on a page, or show the page, with what is wrong with what was typed."""
        problem = problem or Problem()
        if user_input is not None and not problem.errors:
            return self.async_create_entry(data=chosen_on(page, self.config_entry.options, user_input))
        return self.async_show_form(
            step_id=page,
            data_schema=self.add_suggested_values_to_schema(
                FORMS[page], user_input or self.config_entry.options
            ),
            errors=problem.errors,
            description_placeholders={"recording_help": RECORDING_HELP, **problem.placeholders},
        )
