"""A table over every method of every proto: who may call it, and what repeating it does."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from support import edge_samples as samples
from support.edge import TOKEN, Running, bearer, parsed, running, signature, told

from landseal.server.domain.reasons import Reason
from landseal.server.domain.records import Answer
from landseal.server.rpc.method import Access, MethodError, Rule, methods_of
from landseal.server.rpc.services import SESSION, TABLE

_RULES = {short: rule for service in TABLE.values() for short, rule in service.items()}
_UNARY = sorted(set(_RULES) - {"WatchEvents", "ImportParcels", "ImportFaces"})
_WITH_TOKEN = [name for name in _UNARY if _RULES[name].access in (Access.SESSION, Access.MUTATION)]
_ONCE = [name for name in _UNARY if "request_id" in samples.requests()[name].DESCRIPTOR.fields_by_name]


def _text_first(name: str) -> bool:
    """Tells whether field 1 is text; elsewhere text reads as an unknown field."""
    field = samples.requests()[name].DESCRIPTOR.fields_by_number.get(1)
    return field is not None and field.type == field.TYPE_STRING


_TOKENS = ["other", "", "a b", "x" * 257]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("edge")) as edge:
        yield edge


@pytest.fixture
def edge(shared: Running) -> Running:
    shared.store.kept.clear()
    shared.doorkeeper.ended = None
    shared.doorkeeper.proofs.clear()
    shared.journal.truncate(0)
    shared.journal.seek(0)
    for use_case in shared.use_cases.values():
        use_case.calls.clear()
        use_case.effects.clear()
    return shared


class Late(dict[tuple[str, str, str], Answer]):
    """Answers that are committed just after the first look."""

    looked = False

    def get(self, key: tuple[str, str, str], default: Answer | None = None) -> Answer | None:  # type: ignore[override]  # one of dict's overloads
        looked, self.looked = self.looked, True
        return super().get(key, default) if looked else None


def _effects(edge: Running) -> int:
    return sum(len(use_case.calls) for use_case in edge.use_cases.values())


def test_every_method_of_every_proto_is_registered_with_an_access(edge: Running) -> None:
    registered = {method.name for method in (*edge.methods, *edge.admin_methods)}
    described = {f"/{service}/{short}" for service, rules in TABLE.items() for short in rules}
    assert registered == described
    assert {m.name for m in edge.methods}.isdisjoint(m.name for m in edge.admin_methods)


def test_a_method_missing_in_the_table_fails_at_start() -> None:
    table = dict(TABLE[SESSION.full_name])
    del table["Logout"]
    with pytest.raises(MethodError, match="Logout"):
        methods_of(SESSION, object(), table)


def test_a_method_without_a_handler_fails_at_start() -> None:
    with pytest.raises(MethodError, match="no handler"):
        methods_of(SESSION, object(), TABLE[SESSION.full_name])


def test_a_mutation_that_is_called_a_read_fails_at_start() -> None:
    table = {**TABLE[SESSION.full_name], "Logout": Rule(Access.SESSION)}
    servicer = type("Any", (), dict.fromkeys(table, print))()
    with pytest.raises(MethodError, match="request_id"):
        methods_of(SESSION, servicer, table)


@pytest.mark.parametrize("name", _UNARY)
def test_a_good_call_is_answered_and_journalled(edge: Running, name: str) -> None:
    answer = edge.call(name, samples.requests()[name])
    parsed(edge.method(name), answer)
    (line,) = edge.lines()
    assert line["method"] == edge.method(name).name
    assert line["peer"] in ("ipv4", "ipv6")
    assert line["outcome"] == ("PASSED" if name == "SubmitVerification" else "OK")
    if _RULES[name].access in (Access.SESSION, Access.MUTATION):
        assert line["account"] == "account-1"


@pytest.mark.parametrize("name", _WITH_TOKEN)
def test_without_a_token_nothing_happens(edge: Running, name: str) -> None:
    assert edge.refusal(name, samples.requests()[name], (signature(),)).reason == "TOKEN_MISSING"
    assert edge.refusal(name, b"\xff\xff\xff", (signature(),)).reason == "TOKEN_MISSING"
    assert _effects(edge) == 0


@pytest.mark.parametrize("name", _WITH_TOKEN)
@pytest.mark.parametrize("value", [*(f"Bearer {token}" for token in _TOKENS), "Basic abc", TOKEN, "bearer " + TOKEN])
def test_another_or_a_malformed_token_is_refused(edge: Running, name: str, value: str) -> None:
    metadata = (("authorization", value), signature())
    assert edge.refusal(name, samples.requests()[name], metadata).reason == "TOKEN_INVALID"
    assert _effects(edge) == 0


@pytest.mark.parametrize("name", _WITH_TOKEN)
def test_an_ended_session_is_told_how_it_ended(edge: Running, name: str) -> None:
    for reason in (Reason.SESSION_REPLACED, Reason.SESSION_ENDED, Reason.SESSION_EXPIRED):
        edge.doorkeeper.ended = reason
        assert edge.refusal(name, samples.requests()[name]).reason == reason.value


@pytest.mark.parametrize("name", _WITH_TOKEN)
def test_a_stolen_token_alone_reads_and_does_nothing(edge: Running, name: str) -> None:
    request = samples.requests()[name]
    for extra in ((), (signature(b"bad" * 20),), (("landseal-call-bin", b"\xff"),), (signature(), signature())):
        assert edge.refusal(name, request, (bearer(), *extra)).reason == "CALL_SIGNATURE_INVALID"
    assert _effects(edge) == 0


@pytest.mark.parametrize("name", _WITH_TOKEN)
def test_the_signature_is_checked_over_the_very_bytes_of_the_request(edge: Running, name: str) -> None:
    request = samples.requests()[name]
    raw = request.SerializeToString() + b"\xf8\xff\x03\x00"  # an unknown field, number 8191
    edge.call(name, raw)
    ((request_id, method, seen),) = edge.doorkeeper.proofs
    assert (request_id, method, seen) == (getattr(request, "request_id", ""), edge.method(name).name, raw)


@pytest.mark.parametrize("name", _ONCE)
@pytest.mark.parametrize("value", ["", "not-a-uuid", "0" * 36, "00000000-0000-4000-8000-00000000000g"])
def test_a_mutation_needs_a_uuid(edge: Running, name: str, value: str) -> None:
    request = samples.requests()[name]
    setattr(request, "request_id", value)  # noqa: B010 - not all messages have it
    refusal = edge.refusal(name, request)
    assert (refusal.reason, refusal.fields[0]) == ("REQUEST_INVALID", "request_id")
    assert _effects(edge) == 0


@pytest.mark.parametrize("name", _ONCE)
def test_a_repeated_call_gets_the_first_answer_byte_for_byte_and_no_second_effect(edge: Running, name: str) -> None:
    request = samples.requests()[name]
    first = edge.call(name, request)
    assert edge.call(name, request) == first
    assert _effects(edge) == 1


@pytest.mark.parametrize("name", _ONCE)
def test_a_request_id_cannot_be_used_for_another_request(edge: Running, name: str) -> None:
    raw = samples.requests()[name].SerializeToString()
    edge.call(name, raw)
    other = raw + b"\xf8\xff\x03\x01"
    assert edge.refusal(name, other).reason == "REQUEST_ID_REUSED"
    assert _effects(edge) == 1


@pytest.mark.parametrize("name", _ONCE)
def test_a_lost_race_answers_what_the_winner_answered(edge: Running, name: str) -> None:
    """The twin commits while this call works; both are told the same."""
    request = samples.requests()[name]
    winner = edge.call(name, request)
    edge.store.kept = Late(edge.store.kept)
    try:
        assert edge.call(name, request) == winner
    finally:
        edge.store.kept = {}


@pytest.mark.parametrize("name", _UNARY)
@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"\x0a\xff"], ids=["tag", "cut"])
def test_garbage_is_refused_with_a_type(edge: Running, name: str, garbage: bytes) -> None:
    assert edge.refusal(name, garbage).reason == "REQUEST_INVALID"
    assert _effects(edge) == 0


@pytest.mark.parametrize("name", [name for name in _UNARY if _text_first(name)])
def test_text_that_is_not_utf8_is_refused_with_a_type(edge: Running, name: str) -> None:
    garbage = b"\x0a\x02\xc3\x28"
    assert edge.refusal(name, garbage).reason == "REQUEST_INVALID"
    assert _effects(edge) == 0


def test_an_administrator_without_a_certificate_does_not_even_connect(edge: Running) -> None:
    stub = edge.strangers_channel.unary_unary(edge.method("IssueRegistrationCode").name, None, None)
    with pytest.raises(grpc.RpcError) as caught:
        stub(samples.requests()["IssueRegistrationCode"].SerializeToString(), timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("names", [frozenset(), frozenset({"somebody"}), frozenset({"landseal-admin2", "landseal"})])
def test_a_certificate_of_the_roots_that_names_no_administrator_is_refused(
    tmp_path: Path, names: frozenset[str]
) -> None:
    with running(tmp_path, admin_names=names) as other:
        refusal = other.refusal("IssueRegistrationCode", samples.requests()["IssueRegistrationCode"])
        assert refusal.reason == "NOT_YOURS"
        assert _effects(other) == 0


def test_the_administrators_methods_are_not_on_the_public_listener(edge: Running) -> None:
    for method in edge.admin_methods:
        with pytest.raises(grpc.RpcError) as caught:
            edge.channel.unary_unary(method.name, None, None)(b"", timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_an_unknown_method_is_unimplemented(edge: Running) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        edge.channel.unary_unary("/landseal.session.v1.SessionService/Nonsense", None, None)(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("name", _UNARY)
def test_mutated_requests_are_answered_or_refused_with_a_type(edge: Running, name: str) -> None:
    rng, reasons = random.Random(name), set[str]()
    for _ in range(60):
        raw = bytearray(samples.requests()[name].SerializeToString() or b"\x00")
        for _ in range(rng.randrange(1, 5)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        cut = bytes(raw[: rng.randrange(len(raw) + 1)] + rng.randbytes(rng.choice((0, 0, 3, 40))))
        try:
            edge.call(name, cut)
        except grpc.RpcError as error:
            reasons.add(told(error).reason)
    assert reasons <= {"REQUEST_INVALID", "KEY_INVALID"}
