"""Values that several nouns share."""

from __future__ import annotations

import datetime as dt

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from landseal.common.v1 import common_pb2 as pb
from landseal.server.domain.errors import FieldFault, Refused
from landseal.server.domain.keys import KeyAlgorithm, PublicKey
from landseal.server.domain.masking import Masked
from landseal.server.domain.reasons import Reason
from landseal.server.domain.times import millis

MAX_STORED = 2**63 - 1
"""Largest integer that the database keeps; larger ones in a request are as good as this one."""
MAX_VERSION = 2**31 - 1
"""Largest version of a contract."""


def invalid(field: str, text: str) -> Refused:
    """Returns the refusal of one field."""
    return Refused(Reason.REQUEST_INVALID, metadata={"field": field}, faults=(FieldFault(field, text),))


def timestamp(instant: dt.datetime) -> Timestamp:
    """Converts an instant, in whole milliseconds as it is signed."""
    message = Timestamp()
    message.FromMilliseconds(millis(instant))
    return message


def duration(seconds: float) -> Duration:
    """Converts seconds."""
    message = Duration()
    message.FromMilliseconds(round(seconds * 1000))
    return message


def date(day: dt.date) -> Date:
    """Converts a day."""
    return Date(year=day.year, month=day.month, day=day.day)


def day(message: Date, field: str) -> dt.date:
    """Reads a whole date.

    Raises:
        Refused: REQUEST_INVALID when there is no such day, or the year or day is left out.
    """
    try:
        return dt.date(message.year, message.month, message.day)
    except (ValueError, OverflowError):
        raise invalid(field, "must be a whole date") from None


def public_key(key: PublicKey) -> pb.PublicKey:
    """Converts a key."""
    return pb.PublicKey(algorithm=pb.KeyAlgorithm.ValueType(key.algorithm), key=key.key)


def read_public_key(message: pb.PublicKey, field: str) -> PublicKey:
    """Reads a key; whether it is a good one is decided elsewhere.

    Raises:
        Refused: KEY_INVALID for an unknown algorithm.
    """
    try:
        algorithm = KeyAlgorithm(message.algorithm)
    except ValueError:
        algorithm = KeyAlgorithm.UNSPECIFIED
    if algorithm is KeyAlgorithm.UNSPECIFIED:
        raise Refused(Reason.KEY_INVALID, metadata={"field": field})
    return PublicKey(algorithm, message.key)


def masked(person: Masked) -> pb.MaskedIdentity:
    """Converts a masked identity."""
    return pb.MaskedIdentity(masked_name=person.name, masked_id_number=person.id_number)


def version(number: int, field: str) -> int:
    """Reads a contract's version.

    Raises:
        Refused: REQUEST_INVALID for numbers that no contract reaches.
    """
    if number > MAX_VERSION:
        raise invalid(field, f"must be at most {MAX_VERSION}")
    return number
