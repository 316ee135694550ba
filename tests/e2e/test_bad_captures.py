"""Forged uploads, signed by the real device: each gets its typed reason, none passes, and memory stays bounded."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import psutil
import psycopg
import pytest
from conftest import Engines
from support import pictures
from support.deal import TRIES
from support.pictures import Rgb
from support.processes import family
from support.rooted import RootedDevice, burst, every_200_ms, outcome

from landseal.clients.cameras.base import Frame
from landseal.clients.keys import AuthKey
from landseal.server.domain.receipts import CaptureSource
from landseal.server.storage.fsck import fsck
from landseal.verification.v1 import verification_pb2

from .conftest import Village

pytestmark = pytest.mark.engines
MIB = 1 << 20
BOMB_ROOM_BYTES = 600 * MIB
"""Two instances decode one image of 16 million pixels each at a time (48 MB, twice in between), and allocators keep
some; the sixteen images of the test would need 768 MB at once."""


HONEST = (
    "test_an_honest_take_passes_in_every_clothing_of_jpeg",
    "test_a_judged_instruction_is_used_up_and_its_pictures_never_pass_again",
)
"""Tests that earn one receipt; no other may."""


@dataclasses.dataclass
class Set:
    """The two devices and good frames of both faces."""

    device: RootedDevice
    stranger: RootedDevice
    good: list[bytes]
    one: Rgb
    other: Rgb


@pytest.fixture(scope="module")
def studio(village: Village) -> Set:
    device, stranger = RootedDevice(village.taker), RootedDevice(village.giver)
    good = [frame.image for frame in device.film(device.ask()).frames[:5]]
    other = stranger.film(stranger.ask()).frames[0].image
    return Set(device, stranger, good, pictures.rgb(good[2]), pictures.rgb(other))


@pytest.fixture(autouse=True)
def _nothing_passes_by_accident(village: Village, request: pytest.FixtureRequest) -> Iterator[None]:
    """No bad capture leaves a receipt behind."""
    before = _receipts(village)
    yield
    assert _receipts(village) - before == (1 if request.node.originalname in HONEST else 0)


def _receipts(village: Village) -> int:
    with psycopg.connect(village.stage.engines.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM receipt").fetchone()
    assert row is not None
    return int(row[0])


Bend = Callable[[Set], bytes]
ONE_FRAME_IN_FIVE: dict[str, tuple[Bend, str]] = {
    "broken JPEG": (lambda s: pictures.broken(s.good[2]), "FRAME_UNREADABLE"),
    "truncated JPEG": (lambda s: pictures.truncated(s.good[2]), "FRAME_UNREADABLE"),
    "JPEG without its end": (lambda s: s.good[2][:-20], "FRAME_UNREADABLE"),
    "no image": (lambda s: b"GET / HTTP/1.1\r\n\r\n", "FRAME_UNREADABLE"),
    "zeros": (lambda s: bytes(5000), "FRAME_UNREADABLE"),
    "animated GIF": (lambda s: pictures.animated(s.one, "GIF"), "FRAME_UNREADABLE"),
    "animated WebP": (lambda s: pictures.animated(s.one, "WEBP"), "FRAME_UNREADABLE"),
    "PNG that announces too much": (lambda s: pictures.announced_bomb(60_000), "FRAME_UNREADABLE"),
    "PNG that holds less than it announces": (lambda s: pictures.announced_bomb(3000), "FRAME_UNREADABLE"),
    "two faces": (lambda s: pictures.jpeg(pictures.two_faces(s.one, s.other)), "SEVERAL_FACES"),
    "no face": (lambda s: pictures.jpeg(pictures.nobody()), "FACE_NOT_FOUND"),
    "cut off": (lambda s: pictures.jpeg(pictures.cut_off(s.one, 0.42)), "FACE_CUT_OFF"),
    "empty": (lambda s: b"", "BURST_MALFORMED"),
    "over 3 MiB": (lambda s: s.good[2] + bytes(3 * MIB), "BURST_MALFORMED"),
}
ALL_FRAMES: dict[str, tuple[Bend, str]] = {
    "noise": (lambda s: pictures.jpeg(pictures.noise(), 60), "FACE_NOT_FOUND"),
    "far away": (lambda s: pictures.jpeg(pictures.far_away(s.one, 0.2)), "FACE_NOT_FOUND"),
    "small picture": (lambda s: pictures.jpeg(pictures.resized(s.one, 0.3)), "FACE_TOO_SMALL"),
    "half a face": (lambda s: pictures.jpeg(pictures.cut_off(s.one, 0.55)), "FACE_NOT_FOUND"),
    "dark": (lambda s: pictures.jpeg(pictures.darker(s.one, 0.12)), "LIGHT_UNSUITABLE"),
    "blurred": (lambda s: pictures.jpeg(pictures.blurred(pictures.darker(s.one, 0.4), 6)), "IMAGE_BLURRED"),
}


@pytest.mark.parametrize("name", ONE_FRAME_IN_FIVE)
def test_one_bad_frame_among_good_ones_is_refused_by_its_reason(studio: Set, name: str) -> None:
    bend, reason = ONE_FRAME_IN_FIVE[name]
    images = [*studio.good[:2], bend(studio), *studio.good[3:]]
    assert studio.device.judged(every_200_ms(images)) == reason


@pytest.mark.parametrize("name", ALL_FRAMES)
def test_a_burst_of_bad_frames_is_refused_by_its_reason(studio: Set, name: str) -> None:
    bend, reason = ALL_FRAMES[name]
    assert studio.device.judged(every_200_ms([bend(studio)] * 4)) == reason


def _rss(engines: Engines) -> int:
    assert engines.triton.pid is not None
    return sum(each.memory_info().rss for each in [psutil.Process(), *family(engines.triton.pid)])


def test_pixel_bombs_do_not_fill_the_memory(studio: Set, engines: Engines) -> None:
    studio.device.judged(every_200_ms([pictures.jpeg(pictures.nobody())] * 4))
    before = _rss(engines)
    assert studio.device.judged(every_200_ms([pictures.announced_bomb(200_000)] * 64)) == "FRAME_UNREADABLE"
    assert studio.device.judged(every_200_ms([pictures.pixel_bomb(4000)] * 16)) == "FACE_NOT_FOUND"
    assert _rss(engines) - before < BOMB_ROOM_BYTES


@pytest.mark.parametrize("kind", ["CMYK", "EXIF-rotated"])
def test_an_honest_take_passes_in_every_clothing_of_jpeg(studio: Set, kind: str) -> None:
    dressed = pictures.cmyk if kind == "CMYK" else pictures.rotated

    def act() -> str:
        task = studio.device.ask()
        frames = [Frame(dressed(pictures.rgb(f.image)), f.offset_ms) for f in studio.device.film(task).frames]
        return studio.device.judged(frames, task)

    assert "PASSED" in (act() for _ in range(TRIES))


def _without_a_third(frames: Sequence[Frame]) -> Sequence[Frame]:
    return [frame for number, frame in enumerate(frames) if number % 3 != 1]


def _without_the_middle(frames: Sequence[Frame]) -> Sequence[Frame]:
    third = len(frames) // 3
    return [*frames[:third], *frames[2 * third :]]


def _stuttering(frames: Sequence[Frame]) -> Sequence[Frame]:
    """Every third frame shows the picture before it once more."""
    return [
        Frame(frames[number - 1].image if number % 3 == 2 else frame.image, frame.offset_ms)
        for number, frame in enumerate(frames)
    ]


def _slowed(frames: Sequence[Frame]) -> Sequence[Frame]:
    return [Frame(frame.image, frame.offset_ms * 2) for frame in frames]


def _begun_late(frames: Sequence[Frame]) -> Sequence[Frame]:
    return [Frame(frame.image, frame.offset_ms + 2000) for frame in frames]


def _cut_short(frames: Sequence[Frame]) -> Sequence[Frame]:
    return frames[: len(frames) * 2 // 3]


def _backwards(frames: Sequence[Frame]) -> Sequence[Frame]:
    return [Frame(back.image, frame.offset_ms) for frame, back in zip(frames, reversed(frames), strict=True)]


RETIMED: dict[str, tuple[Callable[[Sequence[Frame]], Sequence[Frame]], set[str]]] = {
    "every third frame is missing": (_without_a_third, {"TOO_FEW_FRAMES"}),
    "the middle third is missing": (_without_the_middle, {"CAPTURE_TIMES_IMPLAUSIBLE"}),
    "frames repeat": (_stuttering, {"FRAMES_REPEATED"}),
    "twice as slow": (_slowed, {"CAPTURE_TIMES_IMPLAUSIBLE"}),
    "begun late": (_begun_late, {"CAPTURE_TIMES_IMPLAUSIBLE"}),
    "cut short": (_cut_short, {"CAPTURE_TIMES_IMPLAUSIBLE"}),
    # Which check speaks first depends on the instruction.
    "backwards": (
        _backwards,
        {"LIP_SHAPES_WRONG", "LIP_ORDER_WRONG", "LIP_AMPLITUDE_TOO_SMALL", "MOTION_NOT_CONTINUOUS"},
    ),
}


@pytest.mark.parametrize("name", RETIMED)
def test_an_honest_take_with_frames_lost_repeated_or_retimed_is_refused(studio: Set, name: str) -> None:
    change, reasons = RETIMED[name]
    task = studio.device.ask()
    assert studio.device.judged(change(studio.device.film(task).frames), task) in reasons


def test_times_that_do_not_rise_are_no_burst(studio: Set) -> None:
    frames = every_200_ms(studio.good)
    for shuffled in ((*frames[:2], Frame(frames[2].image, 200), *frames[3:]), frames[::-1]):
        assert studio.device.judged(shuffled) == "BURST_MALFORMED"


def test_more_than_64_frames_none_or_other_bytes_are_no_burst(studio: Set) -> None:
    task = studio.device.ask()
    assert studio.device.judged(every_200_ms([b"x"] * 65)) == "BURST_MALFORMED"
    for junk in (b"\xff" * 40, b"\x0a\xff", burst(()) or b"\x12\x00"):
        upload_id = studio.device.upload(junk)
        assert studio.device.submit(studio.device.request(task, (), upload_id)) == "BURST_MALFORMED"


# --- uploads ---


def test_an_upload_grows_only_at_its_end_and_takes_repeated_chunks(studio: Set) -> None:
    device, data = studio.device, bytes(range(250)) * 4
    upload_id = device.begin_upload(len(data), hashlib.sha256(data).digest()).upload_id
    assert device.send(upload_id, 0, data[:400]).received_bytes == 400
    assert device.send(upload_id, 0, data[:400]).received_bytes == 400
    assert device.send(upload_id, 0, b"!" * 400).received_bytes == 400  # the first bytes stay, as the digest will show
    for offset in (401, 399, 999):
        assert outcome(partial(device.send, upload_id, offset, data[400:700])) == "UPLOAD_OFFSET_WRONG"
    assert outcome(lambda: device.send(upload_id, 400, data[400:] + b"!")) == "UPLOAD_OFFSET_WRONG"
    assert device.send(upload_id, 400, data[400:]).received_bytes == len(data)
    # Whole: then it is judged by what it holds.
    assert device.submit(device.request(device.ask(), (), upload_id)) == "BURST_MALFORMED"


def test_an_upload_of_another_digest_or_an_incomplete_one_is_refused(studio: Set) -> None:
    device, frames = studio.device, every_200_ms(studio.good)
    data, task = burst(frames), device.ask()
    wrong = device.begin_upload(len(data), bytes(32)).upload_id
    part = device.begin_upload(len(data), hashlib.sha256(data).digest()).upload_id
    device.send(wrong, 0, data)
    device.send(part, 0, data[:-1])
    assert device.submit(device.request(task, frames, wrong)) == "UPLOAD_DIGEST_WRONG"
    assert device.submit(device.request(task, frames, part)) == "UPLOAD_INCOMPLETE"


def test_uploads_have_a_largest_size_and_chunks_too(studio: Set) -> None:
    device = studio.device
    assert outcome(lambda: device.begin_upload((10 << 20) + 1, bytes(32))) == "REQUEST_INVALID"
    assert outcome(lambda: device.begin_upload(0, bytes(32))) == "REQUEST_INVALID"
    upload_id = device.begin_upload(10 << 20, bytes(32)).upload_id
    assert outcome(lambda: device.send(upload_id, 0, bytes((512 << 10) + 1))) == "REQUEST_INVALID"


def test_an_upload_is_used_once_and_only_by_its_owner(studio: Set) -> None:
    device, stranger = studio.device, studio.stranger
    frames = every_200_ms([pictures.jpeg(pictures.nobody())] * 4)
    upload_id = device.upload(burst(frames))
    assert stranger.submit(stranger.request(stranger.ask(), frames, upload_id)) == "NOT_YOURS"
    assert outcome(lambda: stranger.send(upload_id, 0, b"x")) == "NOT_YOURS"
    assert device.submit(device.request(device.ask(), frames, upload_id)) == "FACE_NOT_FOUND"
    assert device.submit(device.request(device.ask(), frames, upload_id)) == "UPLOAD_GONE"
    assert outcome(lambda: device.send(upload_id, 0, b"x")) == "UPLOAD_GONE"


def test_an_upload_expires(village: Village, studio: Set) -> None:
    device, frames = studio.device, every_200_ms(studio.good)
    upload_id = device.upload(burst(frames))
    with village.stage.clock.later(dt.timedelta(minutes=10, seconds=1)):
        assert device.submit(device.request(device.ask(), frames, upload_id)) == "UPLOAD_GONE"


# --- what the device states about a capture ---


def test_frames_that_the_signed_chain_does_not_hold_are_refused(studio: Set) -> None:
    device, frames = studio.device, every_200_ms(studio.good)
    task, data = device.ask(), burst(frames)
    swapped = every_200_ms([*studio.good[:4], pictures.jpeg(studio.one, 80)])
    retimed = (*frames[:4], Frame(frames[4].image, 801))
    other_nonce = device.ask()
    for stated in (swapped, retimed, frames[:4]):
        assert device.submit(device.request(task, stated, device.upload(data))) == "CAPTURE_CHAIN_WRONG"
    head = device.statement(other_nonce, frames, CaptureSource.PUPPET).chain_head
    request = device.request(task, frames, device.upload(data))
    request.chain_head = head
    assert device.submit(request) == "CAPTURE_CHAIN_WRONG"


def test_a_capture_signed_by_another_key_or_over_other_facts_is_refused(studio: Set) -> None:
    device, frames = studio.device, every_200_ms(studio.good)
    task, upload_id = device.ask(), device.upload(burst(frames))
    right = device.statement(task, frames, CaptureSource.PUPPET)
    foreign = AuthKey(bytes(range(32))).capture(device.calls.server_key_id, device.actor.account_id, right)
    borrowed = studio.stranger.sign(right)
    facts = (
        {"nonce": bytes(32)}, {"verification_id": "another"}, {"instruction_digest": bytes(32)},
        {"chain_head": bytes(32)}, {"frame_count": 6}, {"source": int(CaptureSource.CAMERA)},
    )  # fmt: skip
    lies = [device.sign(dataclasses.replace(right, **lie)) for lie in facts]
    for signature in (foreign, borrowed, *lies, b"s" * 64, b"s"):
        request = device.request(task, frames, upload_id)
        request.signature = signature
        assert device.submit(request) == "CAPTURE_SIGNATURE_INVALID"
    request = device.request(task, frames, upload_id)
    request.source = verification_pb2.CAPTURE_SOURCE_CAMERA
    assert device.submit(request) == "CAPTURE_SIGNATURE_INVALID"


def test_somebody_elses_instruction_is_not_to_be_had(studio: Set) -> None:
    device, frames = studio.device, every_200_ms(studio.good)
    theirs = studio.stranger.ask()
    assert device.submit(device.request(theirs, frames, device.upload(burst(frames)))) == "NOT_YOURS"


def test_an_instruction_expires_after_three_minutes(village: Village, studio: Set) -> None:
    device, frames = studio.device, every_200_ms(studio.good)
    task, upload_id = device.ask(), device.upload(burst(frames))
    with village.stage.clock.later(dt.timedelta(minutes=3, seconds=1)):
        assert device.submit(device.request(task, frames, upload_id)) == "CHALLENGE_EXPIRED"


def test_a_judged_instruction_is_used_up_and_its_pictures_never_pass_again(studio: Set) -> None:
    device = studio.device
    for _ in range(TRIES):
        task = device.ask()
        frames = device.film(task).frames
        request = device.request(task, frames, device.upload(burst(frames)))
        if (first := device.submit(request)) == "PASSED":
            break
    assert (first, device.submit(request)) == ("PASSED", "PASSED")  # repeated: the same answer, the same receipt
    assert device.judged(frames, task) == "CHALLENGE_USED"
    fresh = device.film(task).frames
    assert device.judged(fresh, task) == "CHALLENGE_USED"
    assert device.judged(frames) == "BURST_REPLAYED"
    # Compressed anew they are other files, but they still show what was asked for then and not now.
    again = [Frame(pictures.jpeg(pictures.rgb(frame.image), 70), frame.offset_ms) for frame in frames]
    assert device.judged(again) != "PASSED"


def test_a_refused_instruction_is_used_up_too(studio: Set) -> None:
    device, task = studio.device, studio.device.ask()
    assert device.judged(every_200_ms([pictures.jpeg(pictures.nobody())] * 4), task) == "FACE_NOT_FOUND"
    assert device.judged(device.film(task).frames, task) == "CHALLENGE_USED"


def test_nothing_is_half_there_after_all_that(village: Village) -> None:
    assert fsck(village.stage.app.store) == []
