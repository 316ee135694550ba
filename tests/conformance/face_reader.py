"""What every face reader keeps, whoever implements it. Subclass it and give the fixture ``reader``.

The images are two known faces; no reader may tell them apart by anything but the picture.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.faces import astronaut, encode, hopper, jpeg, lit, moved

from landseal.inference.reading import BurstReading, FaceReader, FaceReaderTimeout, FloatArray, FrameFault

DISTANCE_SAME, DISTANCE_OTHER = 0.25, 0.60


def burst(frames: int) -> list[bytes]:
    """One face that moves a little from frame to frame."""
    return [jpeg(moved(hopper(), shift=(3.0 * index, 2.0 * (index % 3)))) for index in range(frames)]


def distance(one: FloatArray, other: FloatArray) -> float:
    """Euclidean, as dlib's own metric."""
    return float(np.linalg.norm(one - other))


class FaceReaderConformance:
    """The suite."""

    def read(self, reader: FaceReader, images: list[bytes], samples: int = 1, seed: int = 1) -> BurstReading:
        return reader.read_burst(images, samples=samples, seed=seed, timeout_s=60.0)

    def test_there_is_one_reading_per_image_in_order(self, reader: FaceReader) -> None:
        reading = self.read(reader, [jpeg(hopper()), b"", jpeg(astronaut()), encode(astronaut(), ".png")])
        assert [frame.fault for frame in reading.frames] == [
            FrameFault.NONE,
            FrameFault.EMPTY,
            FrameFault.NONE,
            FrameFault.NONE,
        ]
        assert [frame.width for frame in reading.frames] == [512, 0, 512, 512]
        assert [frame.height for frame in reading.frames] == [600, 0, 512, 512]

    def test_samples_come_from_equal_segments_in_order_of_time(self, reader: FaceReader) -> None:
        indices = [sample.index for sample in self.read(reader, burst(12), samples=4).samples]
        assert [index // 3 for index in indices] == [0, 1, 2, 3]

    def test_the_seed_decides_which_frames(self, reader: FaceReader) -> None:
        images = burst(12)
        drawn = [
            tuple(s.index for s in self.read(reader, images, samples=2, seed=seed).samples) for seed in (1, 1, 2, 3, 4)
        ]
        assert drawn[0] == drawn[1]
        assert len(set(drawn)) > 1

    def test_no_sample_is_taken_from_a_frame_without_exactly_one_face(self, reader: FaceReader) -> None:
        both = np.concatenate([hopper()[:512, :400], astronaut()[:, 30:430]], axis=1)
        reading = self.read(
            reader, [b"junk", jpeg(np.zeros((200, 200, 3), np.uint8)), jpeg(both), jpeg(hopper())], samples=4
        )
        assert [frame.face_count for frame in reading.frames] == [0, 0, 2, 1]
        assert [sample.index for sample in reading.samples] == [3]
        assert [frame.landmarks is None for frame in reading.frames] == [True, True, True, False]

    def test_without_a_face_there_are_no_samples(self, reader: FaceReader) -> None:
        assert self.read(reader, [b"", b"junk"], samples=2).samples == ()

    def test_what_is_measured_is_finite_and_within_its_bounds(self, reader: FaceReader) -> None:
        reading = self.read(reader, burst(3), samples=3)
        for frame in reading.frames:
            assert frame.landmarks is not None
            assert frame.landmarks.shape == (468, 3)
            assert np.isfinite(frame.landmarks).all()
            assert frame.quality is not None
            assert abs(frame.quality.yaw) < 15
            assert 0.5 < frame.score <= 1
        for sample in reading.samples:
            assert sample.embedding.shape == (128,)
            assert np.isfinite(sample.embedding).all()
            assert (sample.live is None) == (not reading.silent)
            assert sample.live is None or 0 <= sample.live <= 1

    @pytest.mark.parametrize("make", [hopper, astronaut], ids=["hopper", "astronaut"])
    def test_one_person_stays_close_under_crop_light_and_compression(self, reader: FaceReader, make: object) -> None:
        assert callable(make)
        face = make()
        changed = [
            face,
            lit(face, 0.6),
            lit(face, 1.3),
            moved(face, degrees=8),
            moved(face, scale=1.2),
            face[20:-60, 40:-30],
        ]
        images = [jpeg(np.ascontiguousarray(image), 92 if index else 60) for index, image in enumerate(changed)]
        samples = self.read(reader, images, samples=len(images)).samples
        assert len(samples) == len(images)
        distances = [distance(samples[0].embedding, sample.embedding) for sample in samples[1:]]
        assert max(distances) < DISTANCE_SAME

    def test_two_persons_are_far_apart(self, reader: FaceReader) -> None:
        one, other = self.read(reader, [jpeg(hopper()), jpeg(astronaut())], samples=2).samples
        assert distance(one.embedding, other.embedding) > DISTANCE_OTHER

    def test_an_embedding_does_not_depend_on_its_neighbours(self, reader: FaceReader) -> None:
        alone = self.read(reader, [jpeg(hopper())]).samples[0]
        among = self.read(reader, [jpeg(astronaut()), jpeg(hopper()), *burst(6)[1:]], samples=7).samples[1]
        assert np.allclose(alone.embedding, among.embedding, atol=1e-5)

    def test_sixty_four_images_fit_in_one_call(self, reader: FaceReader) -> None:
        assert len(self.read(reader, [jpeg(astronaut())] * 64, samples=16).samples) == 16

    def test_calls_from_many_threads_do_not_mix(self, reader: FaceReader) -> None:
        def width(index: int) -> bool:
            image = jpeg(np.ascontiguousarray(hopper()[:, : 400 + index]))
            return self.read(reader, [image]).frames[0].width == 400 + index

        with ThreadPoolExecutor(6) as pool:
            assert all(pool.map(width, range(18)))

    def test_counts_grow_by_what_one_verification_is_documented_to_run(self, reader: FaceReader) -> None:
        images = burst(9)
        silent = self.read(reader, images).silent
        before = reader.inference_counts()
        self.read(reader, images, samples=6)
        after = reader.inference_counts()
        grown = {name: after[name] - before.get(name, 0) for name in ("frames", "select", "embedding")}
        assert grown == {"frames": 9, "select": 1, "embedding": 12}
        if silent:
            assert after["liveness"] - before["liveness"] == 6

    def test_no_time_means_timeout_and_no_reading(self, reader: FaceReader) -> None:
        with pytest.raises(FaceReaderTimeout):
            reader.read_burst(burst(20), samples=6, seed=1, timeout_s=0.02)

    def test_after_a_timeout_the_next_call_is_answered(self, reader: FaceReader) -> None:
        with pytest.raises(FaceReaderTimeout):
            reader.read_burst(burst(20), samples=6, seed=1, timeout_s=0.02)
        assert len(self.read(reader, burst(2)).frames) == 2

    def test_health_says_that_it_is_ready(self, reader: FaceReader) -> None:
        health = reader.health()
        assert health.ready
        assert health.version
        assert health.silent == self.read(reader, [jpeg(hopper())]).silent
