"""Who plays: two public portraits with invented names, enrolled from copies that differ from what the camera sees."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import matplotlib.cbook
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from landseal.server.domain.idcard import check_digit

Picture = NDArray[np.uint8]
COLLECTIVE = "河口村第三合作社"


@dataclass(frozen=True)
class Player:
    """One invented person."""

    login_name: str
    legal_name: str
    id_number: str = field(repr=False)
    password: str = field(repr=False)
    collective: str
    portrait: Picture = field(repr=False)
    """What the puppet animates, uint8 RGB."""
    enrolled: bytes = field(repr=False)
    """What the administrator imports: a JPEG cut, lit and compressed differently."""


def _astronaut() -> Picture:
    picture: Picture = skimage.data.astronaut()  # type: ignore[no-untyped-call]  # scikit-image ships no types for it
    return picture


def _hopper() -> Picture:
    with Image.open(str(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))) as image:
        return np.asarray(image.convert("RGB"))


def _enrolment_copy(picture: Picture, *, left: float, top: float, brightness: float, quality: int) -> bytes:
    image = Image.fromarray(picture)
    width, height = image.size
    image = image.crop((int(width * left), int(height * top), int(width * (1 - left / 2)), int(height * 0.95)))
    image = ImageEnhance.Brightness(image.resize((image.width * 9 // 10, image.height * 9 // 10))).enhance(brightness)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _id_number(first17: str) -> str:
    return first17 + check_digit(first17)


def transferor() -> Player:
    """Returns the person who gives the land."""
    picture = _astronaut()
    return Player(
        login_name="13800000001",
        legal_name="艾林",
        id_number=_id_number("11010119561119002"),
        password="mountain-river-field-1",  # noqa: S106 - an invented person's
        collective=COLLECTIVE,
        portrait=picture,
        enrolled=_enrolment_copy(picture, left=0.08, top=0.0, brightness=0.85, quality=80),
    )


def transferee() -> Player:
    """Returns the person who receives the land."""
    picture = _hopper()
    return Player(
        login_name="13800000002",
        legal_name="何葛丽",
        id_number=_id_number("11010119061209004"),
        password="mountain-river-field-2",  # noqa: S106 - an invented person's
        collective=COLLECTIVE,
        portrait=picture,
        enrolled=_enrolment_copy(picture, left=0.06, top=0.02, brightness=1.15, quality=75),
    )


def bystander() -> Player:
    """Returns a third account without a part in the transfer; it never verifies, so it borrows a portrait."""
    model = transferee()
    return Player(
        login_name="13800000003",
        legal_name="王旁观",
        id_number=_id_number("11010119900101001"),
        password="mountain-river-field-3",  # noqa: S106 - an invented person's
        collective="另一合作社",
        portrait=model.portrait,
        enrolled=model.enrolled,
    )
