"""What Home Assistant's repairs ask, and do about it."""

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant

from .clips.removed_lines import DATA_REMOVED
from .const import LOGGER
from .library import LibraryError


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Ask what becomes of a removed line's calls and recordings, the one thing that can be mended here."""
    return RemovedLineFlow()


class RemovedLineFlow(RepairsFlow):
    """Deletes what a removed line has left, or keeps it."""

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Say how much there is, and ask."""
        removed = self.hass.data[DATA_REMOVED]
        if self._line_id not in removed.lines:
            # It went in the night.
            return self.async_create_entry(data={})
        try:
            left = await removed.async_left(self._line_id)
        except LibraryError as error:
            return self._failed(error)
        return self.async_show_menu(
            step_id="init",
            menu_options=["delete", "keep"],
            description_placeholders={
                "line": removed.lines[self._line_id].name,
                "recordings": str(left.recordings),
                "calls": str(left.calls),
            },
        )

    async def async_step_delete(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Delete all of it."""
        try:
            purged = await self.hass.data[DATA_REMOVED].async_delete(self._line_id)
        except LibraryError as error:
            return self._failed(error)
        if purged.left:
            LOGGER.warning("Files that can't be deleted at the moment: %d; it is tried again", purged.left)
        return self.async_create_entry(data={})

    async def async_step_keep(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Leave it where it is."""
        await self.hass.data[DATA_REMOVED].async_keep(self._line_id)
        return self.async_create_entry(data={})

    @property
    def _line_id(self) -> str:
        return str((self.data or {}).get("line_id"))

    def _failed(self, error: LibraryError) -> RepairsFlowResult:
        return self.async_abort(reason="library_failed", description_placeholders={"reason": str(error)})
