"""Filling the land register and the face database; nothing is ever half imported."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from landseal.inference.reading import BurstReading, FaceReader, FrameFault
from landseal.server.domain.budget import Budget
from landseal.server.domain.doors import Sealer, Store
from landseal.server.domain.errors import FieldFault, Refused
from landseal.server.domain.idcard import InvalidIdNumber, parse_id_number
from landseal.server.domain.once import Once
from landseal.server.domain.parcelfile import FileFormat, ParcelFile
from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Person
from landseal.server.domain.times import Clock
from landseal.server.usecases.judging import MIN_FACE_PX
from landseal.server.usecases.people import id_context
from landseal.server.usecases.templates import seal_template

REGISTRATION_CODE_LIFETIME = dt.timedelta(days=14)
_READ_TIMEOUT_S = 30.0
_WRITE_TIMEOUT_S = 120.0
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ImportFault:
    """One faulty row, named by its line or position; the text repeats no private data."""

    line: int
    field: str
    code: str
    text: str


@dataclass(frozen=True)
class ParcelImport:
    """What became of a parcel file."""

    checked: int
    faults: tuple[ImportFault, ...]
    imported: int


@dataclass(frozen=True)
class FaceRow:
    """One person to import."""

    legal_name: str = field(repr=False)
    id_number: str = field(repr=False)
    collective: str
    portrait: bytes = field(repr=False)


@dataclass(frozen=True)
class FaceImport:
    """What became of a list of people."""

    read: int
    faults: tuple[ImportFault, ...]
    imported: int
    notices: tuple[str, ...]


class Admin:
    """Imports and hands out registration codes."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        reader: FaceReader,
        read_parcels: Callable[[bytes, FileFormat, Progress], ParcelFile],
        *,
        model_id: str,
        scope_limit: int,
        clock: Clock,
    ) -> None:
        self._store, self._sealer, self._reader, self._read_parcels = store, sealer, reader, read_parcels
        self._model_id, self._scope_limit, self._clock = model_id, scope_limit, clock

    def import_parcels(self, file_format: FileFormat, content: bytes, progress: Progress) -> ParcelImport:
        """Checks a whole file, then imports all of it or, if any row is faulty, nothing."""
        file = self._read_parcels(content, file_format, progress)
        if file.faults:
            faults = tuple(ImportFault(f.line, f.field, f.code.value, f.text) for f in file.faults)
            return ParcelImport(file.rows, faults, 0)
        with self._store.writes(timeout_s=_WRITE_TIMEOUT_S) as writes:
            imported = writes.put_parcels(file.parcels)
        return ParcelImport(file.rows, (), imported)

    def import_faces(self, people: Iterable[FaceRow], progress: Progress) -> FaceImport:
        """Reads every portrait, then imports all people or, if anyone is faulty, nobody."""
        persons: list[Person] = []
        faults: list[ImportFault] = []
        position, seen = 0, set[bytes]()
        for position, row in enumerate(people, start=1):
            made = self._person(position, row, seen)
            persons.append(made) if isinstance(made, Person) else faults.append(made)
            progress(position, 0)
        if faults:
            return FaceImport(position, tuple(faults), 0, ())
        return self._put(persons, position)

    def _put(self, persons: list[Person], read: int) -> FaceImport:
        with self._store.writes(timeout_s=_WRITE_TIMEOUT_S) as writes:
            bound = [p for p in persons if (old := writes.person_by_id_hash(p.id_hash)) is not None and old.account_id]
            kept = {person.id_hash for person in bound}
            fresh = [person for person in persons if person.id_hash not in kept]
            for person in fresh:
                writes.put_person(person)
            sizes = {scope: writes.scope_size(scope) for scope in {person.collective for person in persons}}
        notices = [
            f"{scope}: {size} people are more than the {self._scope_limit} that the calibration allows to search; "
            "verifications there will be refused"
            for scope, size in sorted(sizes.items())
            if size > self._scope_limit
        ]
        if bound:
            notices.append(f"{len(bound)} people have accounts already; their faces were not changed")
        return FaceImport(read, (), len(fresh), tuple(notices))

    def _person(self, position: int, row: FaceRow, seen: set[bytes]) -> Person | ImportFault:
        try:
            number = parse_id_number(row.id_number).value
        except InvalidIdNumber:
            return ImportFault(position, "id_number", "ID_NUMBER_INVALID", "is not a resident ID number")
        id_hash = self._sealer.lookup_hash("id-number", number)
        if id_hash in seen:
            return ImportFault(position, "id_number", "ID_NUMBER_REPEATED", "was given before")
        seen.add(id_hash)
        reading = self._reader.read_burst(
            [row.portrait], samples=1, seed=secrets.randbits(62), timeout_s=_READ_TIMEOUT_S
        )
        problem = _portrait_fault(reading)
        if problem is not None:
            return ImportFault(position, "portrait", problem.value, "the portrait cannot be used")
        with self._store.reads() as reads:
            old = reads.person_by_id_hash(id_hash)
        person_id = old.person_id if old else str(uuid.uuid4())
        version = old.template_version + 1 if old else 1
        return Person(
            person_id=person_id,
            legal_name=row.legal_name,
            id_hash=id_hash,
            id_sealed=self._sealer.seal(id_context(person_id), number.encode()),
            collective=row.collective,
            template_sealed=seal_template(
                self._sealer, person_id, self._model_id, version, reading.samples[0].embedding
            ),
            template_version=version,
            account_id="",
        )

    def issue_code(self, id_number: str, once: Once[str], budget: Budget) -> str:
        """Makes a one-time registration code for an imported person.

        Raises:
            Refused: NOT_YOURS when nobody of this ID number was imported, REQUEST_INVALID.
        """
        try:
            id_hash = self._sealer.lookup_hash("id-number", parse_id_number(id_number).value)
        except InvalidIdNumber as fault:
            faults = (FieldFault("id_number", "is not a resident ID number"),)
            raise Refused(Reason.REQUEST_INVALID, faults=faults) from fault
        now = self._clock()
        code = base64.b32encode(secrets.token_bytes(10)).decode()
        with self._store.writes(timeout_s=budget.left_s()) as writes:
            person = writes.person_by_id_hash(id_hash)
            if person is None:
                raise Refused(Reason.NOT_YOURS)
            code_hash = self._sealer.lookup_hash("registration-code", code)
            writes.put_registration_code(person.person_id, code_hash, now + REGISTRATION_CODE_LIFETIME)
            writes.keep_answer(once, once.encode(code), now)
        return code


def _portrait_fault(reading: BurstReading) -> Reason | None:
    frame = reading.frames[0]
    if frame.fault is not FrameFault.NONE:
        return Reason.FRAME_UNREADABLE
    if frame.face_count > 1:
        return Reason.SEVERAL_FACES
    if not reading.samples or frame.quality is None:
        return Reason.FACE_NOT_FOUND
    return Reason.FACE_TOO_SMALL if frame.quality.face_px < MIN_FACE_PX else None
