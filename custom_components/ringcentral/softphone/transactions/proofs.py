"""The digest challenges that one request of ours has met, and the answers it carries (RFC 3261 §22): no I/O."""

from dataclasses import dataclass
from typing import Final

from ..sip.digest import Challenge, Credentials, authorization, choose_challenge
from ..sip.message import Fields, Response

# A changing nonce is answered, but not for ever (PJSIP has the same bound).
MAX_CHALLENGES: Final = 3

_CHALLENGES: Final = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


def challenge_of(response: Response) -> Challenge | None:
    """Return the strongest challenge of a response that can be answered; None where there is none."""
    if response.status not in _CHALLENGES:
        return None
    asked_in, _ = _CHALLENGES[response.status]
    return choose_challenge(response.headers.get_all(asked_in))


@dataclass(frozen=True, slots=True)
class Proofs:
    """What a request says of who we are."""

    fields: Fields = ()
    challenges: int = 0

    def meet(
        self, response: Response, credentials: Credentials, *, method: str, uri: str, cnonce: str
    ) -> Proofs | None:
        """Return these with the answer to one more challenge; None where asking again would not help (§22.1).

        A proxy and who is behind it may both ask, and both are to be told (§22.3). Who asks a second time has not
        taken our password, unless it says that only the nonce is stale.
        """
        challenge = challenge_of(response)
        if challenge is None or self.challenges >= MAX_CHALLENGES:
            return None
        _, answered_in = _CHALLENGES[response.status]
        if answered_in in dict(self.fields) and not challenge.stale:
            return None
        value = authorization(challenge, credentials, method=method, uri=uri, cnonce=cnonce)
        others = (field for field in self.fields if field[0] != answered_in)
        return Proofs(((answered_in, value), *others), self.challenges + 1)
