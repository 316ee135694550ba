"""The parts below the lip challenge: features, head alignment, warping, prototypes, rates."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from support.lips import EYES, Person, instruction, perform, turned

from landseal.inference.challenges import lip_prototypes
from landseal.inference.challenges.evaluate import evaluate, free_speech, other_hold_times, other_order
from landseal.inference.challenges.lip_instruction import LipInstruction, LipShape, draw
from landseal.inference.challenges.warping import align
from landseal.inference.vision.lips import lip_features, steady_heads

OPENING = instruction("OPEN800 ROUND1000 SPREAD600 CLOSED1200 ROUND800")


def test_features_are_in_eye_distances_and_follow_the_lips() -> None:
    features = lip_features(perform(OPENING, Person(noise=0.0, late_ms=0)))
    assert features.width[:3] == pytest.approx(0.8, abs=0.01)
    assert features.opening[5] == pytest.approx(0.35, abs=0.02)
    assert features.roundness[5] > features.roundness[0]
    assert features.area[5] > 5 * features.area[0]


def test_features_ignore_size_place_and_turning() -> None:
    points = perform(OPENING, Person(noise=0.0))
    same = lip_features(turned(points * 3 + 100, 25))
    assert same.opening == pytest.approx(lip_features(points).opening, abs=1e-3)
    assert same.roundness == pytest.approx(lip_features(points).roundness, abs=1e-3)


def test_features_of_no_face_are_not_numbers() -> None:
    points = perform(OPENING)
    points[3] = np.nan
    points[4] = 0.0
    features = lip_features(points)
    assert np.isnan(features.width[[3, 4]]).all()
    assert np.isfinite(np.delete(features.width, [3, 4])).all()


def test_features_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[N, 468, 3\]"):
        lip_features(np.zeros((468, 3)))


def test_steady_heads_take_the_heads_movement_out() -> None:
    points = perform(OPENING, Person(noise=0.0, strength=0.0))
    moved = np.concatenate([turned(points[:10], 20) * 2 + 50, points[10:]])
    steady = steady_heads(moved)
    assert np.abs(steady - steady[0]).max() < 2 / EYES


def test_steady_heads_refuse_what_is_not_finite() -> None:
    points = perform(OPENING)
    points[0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        steady_heads(points)


def test_warping_finds_a_shifted_copy_within_the_band() -> None:
    times = np.arange(20) * 100.0
    series, late = np.sin(times / 300), np.sin((times - 200) / 300)
    costs = (series[:, None] - late[None]) ** 2
    near, far = align(costs, times, times, 300.0), align(costs, times, times, 50.0)
    assert near is not None
    assert far is not None
    assert near.cost < 0.3 * far.cost
    assert near.path[0] == (0, 0)
    assert near.path[-1] == (19, 19)


@pytest.mark.parametrize("costs", [np.zeros((0, 3)), np.full((3, 3), np.nan), np.full((3, 3), np.inf)])
def test_warping_without_numbers_finds_nothing(costs: np.ndarray) -> None:  # type: ignore[type-arg]  # any array
    assert align(costs, np.arange(float(len(costs))), np.arange(3.0), 100.0) is None


def test_warping_outside_the_band_finds_nothing() -> None:
    assert align(np.zeros((3, 3)), np.arange(3.0), np.arange(3.0) + 1000, 100.0) is None


def test_the_stored_trajectory_holds_each_shape() -> None:
    stored = lip_prototypes.stored()
    values = stored.trajectory(OPENING, np.array([0.0, 1300.0, 2300.0]), {})
    assert values[0] == pytest.approx([0, 0])
    assert values[1] == pytest.approx(stored.centre(LipShape.OPEN))
    assert values[2] == pytest.approx(stored.centre(LipShape.ROUND))


def test_a_closed_beginning_cannot_be_seen_apart_from_the_lead_in() -> None:
    shapes, begins = lip_prototypes.expected_sequence(instruction("CLOSED800 OPEN600 ROUND600 OPEN600 ROUND600"))
    assert shapes[0] == LipShape.CLOSED
    assert len(shapes) == 5
    assert begins[0] == 1400


@pytest.mark.parametrize(
    "change", [{"scales": {}}, {"shapes": {}}, {"scales": {"opening": 0, "narrower": 1, "wider": 1}}]
)
def test_broken_prototypes_are_refused(change: dict[str, object]) -> None:
    whole = json.loads(Path(lip_prototypes.__file__).with_name("lip_prototypes.json").read_text())
    assert whole["source"]
    with pytest.raises(ValueError, match="prototypes"):
        lip_prototypes.parse(json.dumps(whole | change))


class NumbersOnly:
    """A performer whose frames are names of landmarks kept aside."""

    def __init__(self, seed: int, kept: dict[bytes, np.ndarray]) -> None:  # type: ignore[type-arg]  # any array
        self._seed, self._kept = seed, kept

    def perform(
        self, actions: list[tuple[str, int]], frame_times_ms: list[int], rng: random.Random, lead_in_ms: int = 600
    ) -> list[bytes]:
        asked = LipInstruction.decode("lips1:" + ",".join(f"{shape}{hold}" for shape, hold in actions))
        points = perform(asked, Person(self._seed + rng.randrange(10**6) * 0), times=frame_times_ms)
        names = [rng.randbytes(8) for _ in points]
        self._kept.update(zip(names, points, strict=True))
        return names


def test_rates_count_acceptances_and_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[bytes, np.ndarray] = {}  # type: ignore[type-arg]  # any array
    monkeypatch.setattr("landseal.inference.challenges.evaluate._moved", lambda image, count, rng: [image] * count)
    seen: list[tuple[int, int]] = []
    rates = evaluate(
        {"a": NumbersOnly(1, kept), "b": NumbersOnly(2, kept)},  # type: ignore[dict-item]  # lists suffice here
        kept.get,
        count=3,
        seed=1,
        progress=lambda done, total: seen.append((done, total)),
    )
    by_name = {rate.species: rate for rate in rates}
    assert seen[-1] == (6, 6)
    assert by_name["genuine"].accepted == 6
    for species in ("frozen", "shuffled", "looped", "spliced", "other_instruction"):
        assert by_name[species].accepted == 0, str(by_name[species])
        assert sum(by_name[species].reasons.values()) == 6
    assert by_name["genuine"].acceptance.low > 0.5
    assert "genuine: 6/6" in str(by_name["genuine"])


def test_one_performer_is_not_enough_to_evaluate() -> None:
    with pytest.raises(ValueError, match="two"):
        evaluate({}, lambda data: None, count=1, seed=1)


def test_a_clip_of_another_performance_never_passes() -> None:
    clip = perform(OPENING, times=[40.0 * i for i in range(75)])
    assert free_speech(clip, 25.0, count=20, seed=1).accepted == 0


def test_attack_instructions_differ_as_they_say() -> None:
    rng = random.Random(2)
    for _ in range(50):
        asked = draw(rng)
        held = other_hold_times(asked, rng)
        assert [a.shape for a in held.actions] == [a.shape for a in asked.actions]
        assert held != asked
        assert [a.shape for a in other_order(asked, rng).actions] != [a.shape for a in asked.actions]
