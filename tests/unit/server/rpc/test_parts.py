# ruff: noqa: ANN401 - fakes take and return whatever the real ones do
"""Pages, journal, health, certificates, progress: the smaller parts of the edge."""

from __future__ import annotations

import datetime as dt
import io
import json
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from support import edge_samples as samples
from support.edge import Running, parsed, running, told

from landseal.admin.v1 import admin_pb2
from landseal.inference.reading import ReaderHealth
from landseal.server.crypto.certificates import development_tls
from landseal.server.domain.errors import Refused
from landseal.server.rpc.journal import Journal, Line, peer_kind
from landseal.server.rpc.pages import Pages, place, placed, size
from landseal.server.rpc.progress import reported
from landseal.server.rpc.tls import ListenerTls, _Watched

NOW = samples.NOW
SCOPE = ("/m", "account-1")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("edge")) as started:
        yield started


# pages


def test_a_page_token_leads_on_from_the_last_item() -> None:
    pages = Pages(b"k")
    token = pages.next(SCOPE, ["a", "b", "c"], 2, str)
    assert pages.open(SCOPE, token) == "b"
    assert pages.next(SCOPE, ["a", "b"], 2, str) == ""
    assert pages.open(SCOPE, "") == ""


@pytest.mark.parametrize("token", ["x", "AAAA", "\u738b", "=", " ", "A" * 200])
def test_a_made_up_page_token_is_refused(token: str) -> None:
    with pytest.raises(Refused) as caught:
        Pages(b"k").open(SCOPE, token)
    assert caught.value.faults[0].field == "page_token"


def test_a_page_token_is_good_for_one_list_of_one_account() -> None:
    token = Pages(b"k").seal(SCOPE, "b")
    for scope, key in ((("/other", "account-1"), b"k"), (("/m", "account-2"), b"k"), (SCOPE, b"other")):
        with pytest.raises(Refused):
            Pages(key).open(scope, token)


def test_a_page_token_with_any_bit_changed_is_refused() -> None:
    token = Pages(b"k").seal(SCOPE, "1234/abc")
    changed = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(len(token) - 1)]
    for each in changed:
        with pytest.raises(Refused):
            Pages(b"k").open(SCOPE, each)


def test_places_in_time_are_read_as_written() -> None:
    assert placed(place(NOW, "t-1")) == (NOW, "t-1")
    assert placed("") is None


@pytest.mark.parametrize(("asked", "given"), [(0, 20), (1, 1), (100, 100), (2**32 - 1, 100)])
def test_page_sizes_are_coerced(asked: int, given: int) -> None:
    assert size(asked, default=20, most=100) == given


def test_lists_continue_through_the_edge(edge: Running) -> None:
    request = samples.requests()["ListTransfers"]
    request.page_size = 1  # type: ignore[attr-defined]  # a sample
    first: Any = parsed(edge.method("ListTransfers"), edge.call("ListTransfers", request))
    assert len(first.transfers) == 1
    request.page_token = first.next_page_token  # type: ignore[attr-defined]  # a sample
    edge.call("ListTransfers", request)
    assert edge.use_cases["transfers"].calls[-1][1][1:] == ((NOW, "t"), 2)
    request.page_token = "AAAA"  # type: ignore[attr-defined]  # a sample
    assert edge.refusal("ListTransfers", request).fields == ("page_token",)


# journal


def test_no_value_can_forge_a_line() -> None:
    stream = io.StringIO()
    evil = 'x"}\n{"outcome":"PASSED"}\r\u2028\x00'
    Journal.to_stream(stream, lambda: NOW).close(Line(evil, evil, evil, evil))
    (line,) = stream.getvalue().split("\n")[:-1]
    assert line.isascii()
    assert json.loads(line)["account"] == evil


def test_a_journal_file_is_its_owners_alone_and_grows(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal.to_file(path, lambda: NOW)
    journal.close(Line("/a", "ipv4"))
    journal.close(Line("/b", "ipv4"))
    assert [json.loads(line)["method"] for line in path.read_text().splitlines()] == ["/a", "/b"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_disk_loses_the_line_and_not_the_call() -> None:
    def write(_text: str) -> None:
        raise OSError(28, "No space left on device")

    Journal(write, lambda: NOW).close(Line("/a", "ipv4"))


def test_peers_are_journalled_by_kind_and_never_by_address() -> None:
    assert peer_kind("ipv4:203.0.113.7:4711") == "ipv4"
    assert peer_kind("evil\nline") == "other"


def test_nothing_secret_reaches_the_journal(edge: Running) -> None:
    for name in ("RegisterAccount", "StartLogin", "Login", "SubmitVerification"):
        edge.call(name, samples.requests()[name])
    text = edge.journal.getvalue()
    for secret in ("a long password", "王大山", "CODE-1234", "token-1", "login-1", "13800001111", "t" * 43):
        assert secret not in text
        assert json.dumps(secret) not in text


# health


def _health(edge: Running, service: str) -> tuple[int, dict[str, str | bytes]]:
    stub = edge.channel.unary_unary("/grpc.health.v1.Health/Check", None, health_pb2.HealthCheckResponse.FromString)
    answer, call = stub.with_call(health_pb2.HealthCheckRequest(service=service).SerializeToString(), timeout=5)
    return answer.status, dict(call.trailing_metadata())


def test_verification_serves_only_while_the_engine_does(edge: Running) -> None:
    verification, serving = "landseal.verification.v1.VerificationService", health_pb2.HealthCheckResponse
    edge.engine[0] = ReaderHealth(ready=False, silent=False, version="")
    edge.health.refresh()
    status, trailers = _health(edge, verification)
    assert status == serving.NOT_SERVING
    assert trailers["landseal-liveness"] == "active"
    assert _health(edge, "landseal.contract.v1.ContractService")[0] == serving.SERVING
    edge.engine[0] = ReaderHealth(ready=True, silent=True, version="2.51.0")
    edge.health.refresh()
    status, trailers = _health(edge, verification)
    assert status == serving.SERVING
    assert trailers["landseal-liveness"] == "silent+active"


def test_a_probe_that_fails_is_an_engine_that_is_away(edge: Running) -> None:
    kept = edge.engine.pop()
    edge.health.refresh()
    assert (
        _health(edge, "landseal.verification.v1.VerificationService")[0] == health_pb2.HealthCheckResponse.NOT_SERVING
    )
    edge.engine.append(kept)
    edge.health.refresh()


def test_server_info_says_in_its_trailers_what_decides_liveness(edge: Running) -> None:
    stub = edge.channel.unary_unary(edge.method("GetServerInfo").name, None, None)
    _, call = stub.with_call(b"", timeout=5)
    assert dict(call.trailing_metadata())["landseal-liveness"] == "active"


# certificates


def test_certificates_are_read_again_when_they_change(tmp_path: Path) -> None:
    first = development_tls(tmp_path / "a", dt.datetime.now(dt.UTC))
    second = development_tls(tmp_path / "b", dt.datetime.now(dt.UTC))
    watched = _Watched(ListenerTls(first.server_certificate, first.server_key, first.authority))
    assert watched.changed() is None
    first.server_key.write_bytes(second.server_key.read_bytes())
    first.server_certificate.write_bytes(second.server_certificate.read_bytes() + b"\n")
    assert watched.changed() is not None
    assert watched.changed() is None
    first.server_certificate.unlink()
    assert watched.changed() is None  # the last good ones stay in use


# imports


def test_progress_is_told_while_the_work_runs_and_then_the_result() -> None:
    def work(progress: Any) -> str:
        progress(1, 2)
        return "done"

    told_so_far: list[tuple[int, int]] = []

    def drive() -> Any:
        result = yield from reported(work, lambda done, total: (done, total))
        told_so_far.append((0, 0))
        assert result == "done"

    assert list(drive()) == [(1, 2)]
    assert told_so_far == [(0, 0)]


def test_work_whose_client_left_stops_at_its_next_report() -> None:
    stopped = threading.Event()

    def work(progress: Any) -> None:
        try:
            for n in range(10_000):
                progress(n, 0)
                time.sleep(0.001)
        except BaseException:
            stopped.set()
            raise

    generator = reported(work, lambda done, total: (done, total))
    next(generator)
    generator.close()
    assert stopped.wait(5)


def test_what_the_work_raises_arrives() -> None:
    def work(_progress: Any) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        list(reported(work, lambda done, total: (done, total)))


def _import(edge: Running, name: str, requests: list[Any], kind: Any) -> Any:
    stub = edge.admin_channel.stream_stream(edge.method(name).name, None, kind.FromString)
    return stub(iter([each.SerializeToString() for each in requests]), timeout=20)


def test_faulty_rows_come_in_the_last_message_and_end_the_import_as_an_error(edge: Running) -> None:
    pieces = [samples.requests()["ImportParcels"], admin_pb2.ImportParcelsRequest(data=b"1,2\n")]
    call = _import(edge, "ImportParcels", pieces, admin_pb2.ImportParcelsResponse)
    last = next(call)
    assert last.done
    assert [(fault.line, fault.code) for fault in last.faults] == [(3, "MISSING")]
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert told(caught.value).reason == "IMPORT_FAULTY"
    assert told(caught.value).metadata == {"line": "3"}
    name, args = edge.use_cases["admin"].calls[-1]
    assert (name, args[:2]) == ("import_parcels", ("csv", b"code\n1,2\n"))


def test_people_are_imported_one_by_one(edge: Running) -> None:
    seen: list[str] = []

    def import_faces(people: Any, _progress: Any) -> Any:
        seen.extend(row.legal_name for row in people)
        return samples.RESULTS["import_faces"]

    edge.use_cases["admin"].effects["import_faces"] = import_faces
    people = [samples.requests()["ImportFaces"]] * 3
    (last,) = _import(edge, "ImportFaces", people, admin_pb2.ImportFacesResponse)
    assert (last.done, last.imported, list(last.notices)) == (True, 1, ["a notice"])
    assert seen == ["王大山"] * 3


def test_a_faulty_piece_in_the_middle_ends_the_import(edge: Running) -> None:
    bad = admin_pb2.ImportFacesRequest(legal_name="王大山")

    def import_faces(people: Any, _progress: Any) -> Any:
        list(people)
        raise AssertionError

    edge.use_cases["admin"].effects["import_faces"] = import_faces
    call = _import(edge, "ImportFaces", [samples.requests()["ImportFaces"], bad], admin_pb2.ImportFacesResponse)
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert told(caught.value).reason == "REQUEST_INVALID"


def test_an_import_without_a_format_is_refused(edge: Running) -> None:
    call = _import(edge, "ImportParcels", [admin_pb2.ImportParcelsRequest(data=b"x")], admin_pb2.ImportParcelsResponse)
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert told(caught.value).fields == ("format",)
