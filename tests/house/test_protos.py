"""Every element of the protos says what it is, and every reason of the catalogue is whole."""

from __future__ import annotations

import importlib.resources
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from support.tree import ROOT

from landseal.common.v1 import reason_pb2
from landseal.server.domain.reasons import Reason


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[descriptor_pb2.FileDescriptorProto]:
    out = tmp_path_factory.mktemp("protos") / "all.binpb"
    protos = sorted(str(path) for path in (ROOT / "protos" / "landseal").rglob("*.proto"))
    includes = (ROOT / "protos", ROOT / "third_party", Path(sysconfig.get_path("purelib")),
                Path(str(importlib.resources.files("grpc_tools") / "_proto")))  # fmt: skip
    command = [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{path}" for path in includes), *protos]
    subprocess.run([*command, "--include_source_info", f"--descriptor_set_out={out}"], check=True)
    return list(descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file)


def _bare(file: descriptor_pb2.FileDescriptorProto) -> Iterator[str]:
    said = {tuple(place.path) for place in file.source_code_info.location if place.leading_comments.strip()}

    def message(found: descriptor_pb2.DescriptorProto, path: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield found.name, path
        yield from ((f"{found.name}.{each.name}", (*path, 2, i)) for i, each in enumerate(found.field))
        for i, inner in enumerate(found.nested_type):
            yield from message(inner, (*path, 3, i))
        for i, kind in enumerate(found.enum_type):
            yield from enum(kind, (*path, 4, i))

    def enum(found: descriptor_pb2.EnumDescriptorProto, path: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield found.name, path
        yield from ((each.name, (*path, 2, i)) for i, each in enumerate(found.value))

    elements: list[tuple[str, tuple[int, ...]]] = []
    for i, each in enumerate(file.message_type):
        elements += message(each, (4, i))
    for i, kind in enumerate(file.enum_type):
        elements += enum(kind, (5, i))
    for i, service in enumerate(file.service):
        elements.append((service.name, (6, i)))
        elements += [(f"{service.name}.{rpc.name}", (6, i, 2, j)) for j, rpc in enumerate(service.method)]
    yield from (f"{file.name}: {name}" for name, path in elements if path not in said)


def test_every_element_is_commented(files: list[descriptor_pb2.FileDescriptorProto]) -> None:
    assert [name for file in files for name in _bare(file)] == []


def test_a_file_has_one_service_at_most_and_its_package_is_its_folder(
    files: list[descriptor_pb2.FileDescriptorProto],
) -> None:
    for file in files:
        assert len(file.service) <= 1, file.name
        assert file.package == str(Path(file.name).parent).replace("/", "."), file.name


def test_every_rpc_has_its_own_request_and_response(files: list[descriptor_pb2.FileDescriptorProto]) -> None:
    for file in files:
        for rpc in (rpc for service in file.service for rpc in service.method):
            assert rpc.input_type == f".{file.package}.{rpc.name}Request"
            assert rpc.output_type == f".{file.package}.{rpc.name}Response"


def test_the_catalogue_and_the_domain_name_the_same_reasons() -> None:
    names = {value.name.removeprefix("REASON_") for value in reason_pb2.Reason.DESCRIPTOR.values if value.number}
    assert names == {reason.value for reason in Reason}


def test_every_reason_has_a_sentence_in_both_languages_and_a_code() -> None:
    for value in reason_pb2.Reason.DESCRIPTOR.values[1:]:
        info = value.GetOptions().Extensions[reason_pb2.info]
        assert info.zh.endswith("。"), value.name
        assert info.en.endswith("."), value.name
        assert 0 <= info.code <= 16, value.name
        assert (info.code == 0) == (value.number < 100 and value.name != "REASON_PARTY_SIGNATURE_INVALID"), value.name
