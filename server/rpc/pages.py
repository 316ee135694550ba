"""Page tokens: opaque, authenticated, good for one list of one account; they grant nothing (AIP-158)."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
from collections.abc import Callable, Sequence
from typing import TypeVar

from landseal.server.domain.canonical import digest
from landseal.server.domain.errors import FieldFault, Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.times import from_millis, millis

_TAG_BYTES = 16
Item = TypeVar("Item")


class Pages:
    """Makes and reads page tokens with a key that all workers share."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, scope: tuple[str, str], last: str) -> str:
        """Returns the token after ``last``, the sort key of the last item; ``scope`` is the method and the account."""
        return base64.urlsafe_b64encode(self._tag(scope, last) + last.encode()).decode().rstrip("=")

    def open(self, scope: tuple[str, str], token: str) -> str:
        """Returns the sort key, empty for an empty token.

        Raises:
            Refused: REQUEST_INVALID for any token that was not made for this scope.
        """
        if not token:
            return ""
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            tag, last = data[:_TAG_BYTES], data[_TAG_BYTES:].decode()
        except (binascii.Error, ValueError):
            raise _refusal() from None
        if not hmac.compare_digest(tag, self._tag(scope, last)):
            raise _refusal()
        return last

    def next(self, scope: tuple[str, str], found: Sequence[Item], limit: int, key: Callable[[Item], str]) -> str:
        """Returns the token of the next page, given one item more than the page holds; empty on the last page."""
        return self.seal(scope, key(found[limit - 1])) if len(found) > limit else ""

    def _tag(self, scope: tuple[str, str], last: str) -> bytes:
        return hmac.digest(self._key, digest("page-token", *scope, last), "sha256")[:_TAG_BYTES]


def _refusal() -> Refused:
    faults = (FieldFault("page_token", "is not a token of this list"),)
    return Refused(Reason.REQUEST_INVALID, metadata={"field": "page_token"}, faults=faults)


def size(asked: int, *, default: int, most: int) -> int:
    """Returns how many items to return: 0 means the default, too many means the most."""
    return min(asked or default, most)


def place(time: dt.datetime, item_id: str) -> str:
    """Writes the sort key of lists that are ordered by time."""
    return f"{millis(time)}/{item_id}"


def placed(last: str) -> tuple[dt.datetime, str] | None:
    """Reads what :func:`place` wrote; None for the first page."""
    if not last:
        return None
    time_ms, _, item_id = last.partition("/")
    return from_millis(int(time_ms)), item_id
