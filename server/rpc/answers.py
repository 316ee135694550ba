"""Mutations are safe to repeat: the first answer is kept and given again, byte for byte."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from landseal.server.domain.canonical import digest
from landseal.server.domain.doors import Store
from landseal.server.domain.errors import AnswerExists, Refused
from landseal.server.domain.reasons import Reason
from landseal.server.rpc.call import Call


class Fingerprints:
    """Keyed hashes of requests and of secrets in them.

    A plain hash beside a stored answer would let anybody with a copy of the database guess passwords, codes and ID
    numbers offline; without the key there is nothing to compare a guess with.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def request(self, method: str, request: bytes) -> bytes:
        """Returns 32 bytes that tell whether two requests are the same."""
        return hmac.digest(self._key, digest("edge-request", method, request), "sha256")

    def anonymous(self, method: str, secret: str) -> str:
        """Returns the name under which the answer to a call without a session is kept.

        It holds a secret of the request (the password, the one-time code, the unguessable login id): whoever only saw
        or guessed a request_id does not find the answer, which may hold a token.
        """
        tag = hmac.digest(self._key, digest("edge-anonymous", method, secret), "sha256")
        return f"anonymous:{tag.hex()}"


class Answers:
    """Looks stored answers up."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def once(self, call: Call, effect: Callable[[], bytes]) -> bytes:
        """Returns the stored answer of this request, or lets the effect happen.

        Of two racing calls both get the first's answer: the second meets it when it keeps its own (AnswerExists), or is
        refused earlier because the first has used up what it needed (CHALLENGE_USED, RECEIPT_USED), so a refusal
        looks once more.

        Raises:
            Refused: REQUEST_ID_REUSED when the request_id was used for another request.
        """
        stored = self._find(call)
        if stored is not None:
            return stored
        try:
            return effect()
        except (AnswerExists, Refused):
            stored = self._find(call)
            if stored is None:
                raise
            return stored

    def _find(self, call: Call) -> bytes | None:
        with self._store.reads() as reads:
            answer = reads.answer(call.who, call.method, call.request_id)
        if answer is None:
            return None
        if not hmac.compare_digest(answer.request_digest, call.request_digest):
            raise Refused(Reason.REQUEST_ID_REUSED)
        return answer.response
