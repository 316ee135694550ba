"""Face templates at rest: sealed with person, model and version as context, so that no row fits another place."""

from __future__ import annotations

import numpy as np

from landseal.inference.reading import FloatArray
from landseal.server.domain.doors import Sealer
from landseal.server.domain.records import Person


def _context(person_id: str, model_id: str, version: int) -> str:
    return f"template/{person_id}/{model_id}/{version}"


def seal_template(sealer: Sealer, person_id: str, model_id: str, version: int, template: FloatArray) -> bytes:
    """Seals a float32 [128] vector."""
    return sealer.seal(_context(person_id, model_id, version), template.astype("<f4").tobytes())


def open_template(sealer: Sealer, person: Person, model_id: str) -> FloatArray:
    """Opens a person's template, float32 [128].

    Raises:
        ValueError: the row was changed or moved, or belongs to another model. (A whole old row that is put back
        still opens:
            what stops that is the identity log of a later milestone.)
    """
    plain = sealer.open(_context(person.person_id, model_id, person.template_version), person.template_sealed)
    return np.frombuffer(plain, dtype="<f4").astype(np.float32)
