"""The Python mirror and the files that Triton reads say the same."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from landseal.inference import tensors, vision
from landseal.inference.reading import FrameQuality
from landseal.inference.tensors import MODELS, Model, Tensor

SPEC = importlib.util.find_spec("landseal.model_repository")
assert SPEC is not None
REPOSITORY = Path(next(iter(SPEC.submodule_search_locations or [])))


def parse(path: Path) -> pb.ModelConfig:
    return text_format.Parse(path.read_text(), pb.ModelConfig())


def tensor(item: pb.ModelInput | pb.ModelOutput) -> Tensor:
    name = pb.DataType.Name(item.data_type).removeprefix("TYPE_")
    return Tensor({"STRING": "BYTES"}.get(name, name), tuple(item.dims))


def model(config: pb.ModelConfig) -> Model:
    return Model(
        config.max_batch_size,
        {item.name: tensor(item) for item in config.input},
        {item.name: tensor(item) for item in config.output},
    )


def test_every_model_on_disk_is_mirrored_and_no_other() -> None:
    assert {path.parent.name for path in REPOSITORY.glob("*/config.pbtxt")} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_the_mirror_equals_the_file(name: str) -> None:
    config = parse(REPOSITORY / name / "config.pbtxt")
    assert config.name == name
    assert model(config) == MODELS[name]


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("*/configs/*.pbtxt")), ids=lambda path: path.parts[-3])
def test_other_configurations_keep_the_contract(path: Path) -> None:
    config = parse(path)
    assert config.name == path.parts[-3]
    mirrored = MODELS[config.name]
    assert (model(config).inputs, model(config).outputs) == (mirrored.inputs, mirrored.outputs)
    assert config.max_batch_size >= mirrored.max_batch


@pytest.mark.parametrize("name", ["face_burst", "face_burst_active"])
def test_steps_of_an_ensemble_fit_together(name: str) -> None:
    config = parse(REPOSITORY / name / "config.pbtxt")
    known = dict(MODELS[name].inputs)
    for step in config.ensemble_scheduling.step:
        part = MODELS[step.model_name]
        full = {key: _full(part, value) for key, value in (part.inputs | part.outputs).items()}
        assert set(step.input_map) == set(part.inputs)
        for inner, outer in step.input_map.items():
            assert known[outer] == full[inner]
        known |= {outer: full[inner] for inner, outer in step.output_map.items()}
    assert {key: known[key] for key in MODELS[name].outputs} == MODELS[name].outputs


def _full(part: Model, value: Tensor) -> Tensor:
    return Tensor(value.dtype, (-1, *value.dims)) if part.max_batch else value


def test_only_the_first_step_has_limits_on_its_queue() -> None:
    """Triton 2.51 never frees an ensemble's request that a later step refused."""
    for path in [*REPOSITORY.glob("*/config.pbtxt"), *REPOSITORY.glob("*/configs/*.pbtxt")]:
        config = parse(path)
        limited = config.dynamic_batching.HasField("default_queue_policy")
        assert limited == (config.name == "frames"), path


def test_the_response_cache_is_off_everywhere() -> None:
    assert not any(parse(path).response_cache.enable for path in REPOSITORY.glob("*/config.pbtxt"))


def test_quality_fields_are_those_of_the_reading() -> None:
    assert tuple(FrameQuality.__dataclass_fields__) == tensors.QUALITY_FIELDS


def test_models_hold_no_more_than_their_glue() -> None:
    for path in REPOSITORY.glob("*/1/model.py"):
        tree = ast.parse(path.read_text())
        assert len(path.read_text().splitlines()) <= 60, path
        assert any(
            isinstance(node, ast.ImportFrom) and (node.module or "").startswith(vision.__name__)
            for node in ast.walk(tree)
        )
