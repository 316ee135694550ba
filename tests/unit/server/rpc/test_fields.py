"""Checks come from the protos alone; a rule that would not be checked keeps the server from starting."""

from __future__ import annotations

import importlib
import itertools
import time
from typing import Any, cast

import pytest
from google.api import field_behavior_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from support import edge_samples as samples

from landseal.buf.validate import validate_pb2
from landseal.server.domain.errors import Refused
from landseal.server.rpc.fields import Rules
from landseal.server.rpc.rules import UnknownRule
from landseal.session.v1 import session_pb2


def _rules(**given: Any) -> validate_pb2.FieldRules:  # noqa: ANN401 - rules of any kind
    return validate_pb2.FieldRules(**given)


_FIELD = descriptor_pb2.FieldDescriptorProto
_numbers = itertools.count()


def _message(rules: validate_pb2.FieldRules, kind: int, *, repeated: bool = False) -> Descriptor:
    """A message of one field ``f`` with these rules."""
    number = next(_numbers)
    pool = descriptor_pool.DescriptorPool()
    for name in ("descriptor", "duration", "timestamp", "field_mask"):
        module = importlib.import_module(f"google.protobuf.{name}_pb2")
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(validate_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(name=f"t{number}.proto", package=f"t{number}", syntax="proto3")
    file.dependency.append("buf/validate/validate.proto")
    message = file.message_type.add(name="M")
    label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
    field = message.field.add(name="f", number=1, type=kind, label=label)
    field.options.Extensions[validate_pb2.field].CopyFrom(rules)
    return pool.AddSerializedFile(file.SerializeToString()).message_types_by_name["M"]


def _rules_of(kind: type[Message]) -> Rules:
    return Rules(cast(Descriptor, kind.DESCRIPTOR))


def _fits(rules: validate_pb2.FieldRules, kind: int, value: object) -> bool:
    descriptor = _message(rules, kind)
    return not list(Rules(descriptor).faults(GetMessageClass(descriptor)(f=value)))


_STRING, _BYTES, _U32, _U64 = _FIELD.TYPE_STRING, _FIELD.TYPE_BYTES, _FIELD.TYPE_UINT32, _FIELD.TYPE_UINT64


@pytest.mark.parametrize(
    ("rules", "kind", "good", "bad"),
    [
        (_rules(string={"min_len": 2, "max_len": 3}), _STRING, ["ab", "王大山"], ["a", "abcd", "a\0"]),
        (_rules(string={"len": 2}), _STRING, ["ab"], ["a", "abc", ""]),
        (_rules(string={"pattern": "^[0-9]{2}$"}), _STRING, ["12"], ["1", "12\n", "x12", "\u0661\u0662"]),
        (_rules(string={"uuid": True}), _STRING, [samples.request_id()], ["", "1" * 32, samples.request_id() + "\n"]),
        (_rules(bytes={"len": 2}), _BYTES, [b"ab"], [b"", b"a", b"abc"]),
        (_rules(bytes={"min_len": 1, "max_len": 2}), _BYTES, [b"a", b"ab"], [b"", b"abc"]),
        (_rules(uint32={"gte": 1, "lte": 3}), _U32, [1, 3], [0, 4]),
        (_rules(uint64={"lte": 3}), _U64, [0, 3], [4, 2**64 - 1]),
        (_rules(uint32={"gte": 2}), _U32, [2, 2**32 - 1], [0, 1]),
    ],
)  # fmt: skip
def test_each_rule_means_what_the_annotation_says(
    rules: validate_pb2.FieldRules, kind: int, good: list[object], bad: list[object]
) -> None:
    assert all(_fits(rules, kind, value) for value in good)
    assert not any(_fits(rules, kind, value) for value in bad)


@pytest.mark.parametrize(
    ("rules", "kind"),
    [
        (_rules(string={"email": True}), _STRING),
        (_rules(string={"pattern": "[0-9]+"}), _STRING),
        (_rules(uint32={"gt": 1}), _U32),
        (_rules(int64={"gte": 1}), _FIELD.TYPE_INT64),
        (_rules(required=True), _STRING),
        (_rules(ignore=validate_pb2.IGNORE_IF_ZERO_VALUE), _STRING),
        (_rules(cel=[validate_pb2.Rule(id="x", expression="true")]), _STRING),
    ],
)
def test_an_unknown_rule_keeps_the_server_from_starting(rules: validate_pb2.FieldRules, kind: int) -> None:
    with pytest.raises(UnknownRule):
        Rules(_message(rules, kind))


@pytest.mark.parametrize(("count", "good"), [(0, False), (1, True), (2, True), (3, False)])
def test_lists_are_counted(count: int, good: bool) -> None:
    rules = _rules(repeated={"min_items": 1, "max_items": 2})
    descriptor = _message(rules, _STRING, repeated=True)
    assert good == (not list(Rules(descriptor).faults(GetMessageClass(descriptor)(f=["x"] * count))))


@pytest.mark.parametrize("name", sorted(samples.requests()))
def test_every_sample_request_fits(name: str) -> None:
    message = samples.requests()[name]
    _rules_of(type(message)).demand(message)


@pytest.mark.parametrize("name", sorted(samples.requests()))
def test_an_empty_request_lacks_every_required_field(name: str) -> None:
    kind: type[Message] = type(samples.requests()[name])
    required = {
        field.name
        for field in kind.DESCRIPTOR.fields
        if field_behavior_pb2.REQUIRED in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    }
    assert required == {fault.field for fault in _rules_of(kind).faults(kind())}


def test_nested_faults_have_their_path() -> None:
    request = samples.requests()["RegisterAccount"]
    request.device.auth_proof = b""  # type: ignore[attr-defined]  # a sample
    with pytest.raises(Refused) as caught:
        _rules_of(type(request)).demand(request)
    assert [fault.field for fault in caught.value.faults] == ["device.auth_proof"]


def test_no_fault_repeats_a_value() -> None:
    request = session_pb2.RegisterAccountRequest(login_name="SECRET NAME", password="secret", id_number="secret")
    assert "secret" not in " ".join(f.text for f in _rules_of(type(request)).faults(request)).lower()


def test_checks_cost_microseconds() -> None:
    message = samples.requests()["SaveDraft"]
    rules = _rules_of(type(message))
    began = time.perf_counter()
    for _ in range(200):
        rules.demand(message)
    assert (time.perf_counter() - began) / 200 < 0.001
