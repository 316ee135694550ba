"""What both readers yield, and how a file that cannot be read further ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from landseal.server.domain.parcel import Parcel
from landseal.server.domain.parcelfile import RowFault, RowFaultCode


@dataclass(frozen=True)
class Row:
    """One row, good (a parcel) or bad (faults), and how far in the file it ends."""

    line: int
    parcel: Parcel | None
    faults: tuple[RowFault, ...]
    done_bytes: int


class FileFault(Exception):
    """The file cannot be read further."""

    def __init__(self, line: int, code: RowFaultCode, field: str = "") -> None:
        super().__init__(code.value)
        self.line = line
        self.code = code
        self.field = field


Rows = Iterator[Row]
