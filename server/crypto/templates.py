"""Face templates at rest: 128 little-endian float32, sealed for one person, one model and one version."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from landseal.server.domain.doors import Sealer

DIMENSIONS = 128
Template = npt.NDArray[np.float32]
"""An embedding, shape [128], without unit."""


def template_context(person_id: str, model_id: str, version: int) -> str:
    """Returns the context of a template's seal: another person's, another model's or an older row does not open."""
    return f"template/{person_id}/{model_id}/{version}"


def seal_template(sealer: Sealer, person_id: str, model_id: str, version: int, template: Template) -> bytes:
    """Seals a template.

    Raises:
        ValueError: it has not the shape [128], or holds a value that is no finite number.
    """
    return sealer.seal(template_context(person_id, model_id, version), template_bytes(template))


def open_template(sealer: Sealer, person_id: str, model_id: str, version: int, sealed: bytes) -> Template:
    """Opens a template, float32 [128], read-only.

    Raises:
        ValueError: it was changed, or belongs to another person, model or version.
    """
    return template_array(sealer.open(template_context(person_id, model_id, version), sealed))


def template_bytes(template: Template) -> bytes:
    """Returns the 512 bytes of a template; raises ValueError when it has another shape or is not finite."""
    if template.shape != (DIMENSIONS,) or not np.isfinite(template).all():
        raise ValueError("a template has 128 finite values")
    return template.astype("<f4", copy=False).tobytes()


def template_array(data: bytes) -> Template:
    """Returns the template of 512 bytes; raises ValueError when there are more or fewer, or one is not finite."""
    if len(data) != 4 * DIMENSIONS:
        raise ValueError("a template has 512 bytes")
    template: Template = np.frombuffer(data, dtype="<f4").astype(np.float32, copy=False)
    if not np.isfinite(template).all():
        raise ValueError("a template has 128 finite values")
    return template
