"""Tells RingCentral what is to become of a call that rings: MESSAGEs to its agent, which then takes the call back. No I/O.

Only calls whose INVITE has a P-rc can be commanded. Whether REJECT keeps the caller from the account's other phones is
RingCentral's to decide and documented nowhere; a 603 ends our own ringing only, and the caller goes on by the account's rules.
"""

from collections.abc import Callable
from typing import Final

from ..rc_message import CONTENT_TYPE, Command, RcMessage, command_body
from ..sip.digest import Credentials
from ..sip.message import Request, Response
from ..transactions.dialog import Dialog
from ..transactions.transaction import ClientTransactions

# Seconds for RingCentral to take a call back that it was told to.
OBEYED_WITHIN: Final = 5.0


class CallControl:
    """The commands about one call."""

    def __init__(
        self,
        told: RcMessage,
        aside: Dialog,
        *,
        credentials: Credentials,
        token: Callable[[], str],
        send: Callable[[Request], None],
    ) -> None:
        """Command the call that a P-rc belongs to, beside its dialog; token() returns fresh random text."""
        self._told = told
        self._client = credentials.username
        self._then: Command | None = None
        self._disobeyed: Callable[[], None] | None = None
        self._transactions = ClientTransactions(aside, credentials=credentials, token=token, send=send)

    def ask(self, command: Command, now: float, disobeyed: Callable[[], None]) -> None:
        """Have RingCentral do something with the call; disobeyed() is told when it says that it won't.

        That we have the call is said first: without that RingCentral does nothing about voicemail.
        """
        self._then, self._disobeyed = command, disobeyed
        self._tell(Command.RECEIVED, now)

    def receive(self, response: Response, now: float) -> bool:
        """Take a response; False when it answers nothing of this."""
        return self._transactions.receive(response, now)

    def _tell(self, command: Command, now: float) -> None:
        body = command_body(self._told, command, self._client)
        self._transactions.ask("MESSAGE", now, self._answered, (("Content-Type", CONTENT_TYPE),), body)

    def _answered(self, response: Response | None, now: float) -> None:
        assert response is not None, "nobody waits for longer than OBEYED_WITHIN"
        then, self._then = self._then, None
        if then is not None:
            self._tell(then, now)
        elif response.status >= 300 and self._disobeyed is not None:
            self._disobeyed()
