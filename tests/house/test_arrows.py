"""Holds the arrows between the rooms: who may import whom."""

from __future__ import annotations

import sys

from support.tree import Module, imports, modules

ROOMS = ("server", "inference", "clients", "model_repository")

NOUNS = (
    *("admin", "buf", "capture", "common", "contract", "identity", "inbox", "land", "serverinfo", "session"),
    *("transfer", "verification"),
)
"""Packages of generated code below ``landseal``."""

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "server.domain": ("server.domain",),
    "server.engines": ("server.engines",),
    "server.usecases": (
        "server.usecases",
        "server.domain",
        "inference.reading",
        "inference.challenges",
        "inference.models.metric",
    ),
    "server.storage": ("server.storage", "server.domain", "server.usecases"),
    "server.crypto": ("server.crypto", "server.domain", "server.usecases"),
    "server.papers": ("server.papers", "server.domain", "server.crypto", "server.log"),
    "server.log": ("server.log", "server.domain", "server.crypto"),
    "server.rpc": ("server.rpc", "server.usecases", "server.domain", "inference.reading", "inference.challenges"),
    "inference": ("inference",),
    "model_repository": ("inference",),
    "clients.demo": ("clients", "server", "inference"),
    "clients.cameras": ("clients", "server.domain", "inference"),
    "clients.bench": ("clients", "server", "inference"),
    "clients": ("clients", "server.domain", "inference.challenges", "inference.models"),
}
"""For each room the rooms of ours it may import; the longest matching name counts, rooms not named are free."""

WITH_STUBS = ("server.rpc", "clients", "server.usecases")
"""Rooms that may import generated code."""

ONLY_IN: dict[str, tuple[str, ...]] = {
    "peewee": ("server.storage",),
    "playhouse": ("server.storage",),
    "psycopg": ("server.storage",),
    "nacl": ("server.crypto", "clients"),
    "tritonclient": ("inference.triton", "clients.bench"),
    "triton_python_backend_utils": ("model_repository",),
    "typst": ("server.papers",),
}
"""Libraries that live in one place."""

APP_USERS = ("server.__main__", "server.app", "server.worker", "clients.demo", "clients.bench")
"""Who may import the joinery."""


def _within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


def _room(dotted: str) -> str | None:
    return max((room for room in MAY_IMPORT if _within(dotted, (room,))), key=len, default=None)


def _ours(found: Module) -> list[tuple[int, str]]:
    return [(line, name.removeprefix("landseal.")) for line, name in imports(found) if name.startswith("landseal.")]


ALL = modules(*ROOMS)


def _at(found: Module, line: int, name: str) -> str:
    return f"{found.path}:{line} imports {name}"


def test_a_room_imports_only_the_rooms_its_arrows_lead_to() -> None:
    wrong = []
    for found in ALL:
        room = _room(found.dotted)
        if room is not None:
            allowed = MAY_IMPORT[room] + (NOUNS if _within(found.dotted, WITH_STUBS) else ())
            wrong += [_at(found, line, name) for line, name in _ours(found) if not _within(name, allowed)]
    assert wrong == []


def test_a_library_with_a_home_is_imported_only_there() -> None:
    wrong = [
        _at(found, line, name)
        for found in ALL
        for line, name in imports(found)
        if (top := name.partition(".")[0]) in ONLY_IN and not _within(found.dotted, ONLY_IN[top])
    ]
    assert wrong == []


def test_the_domain_needs_only_the_standard_library() -> None:
    wrong = [
        _at(found, line, name)
        for found in ALL
        if _within(found.dotted, ("server.domain",))
        for line, name in imports(found)
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "landseal"}
    ]
    assert wrong == []


def test_nobody_but_the_programs_imports_the_joinery() -> None:
    wrong = [
        _at(found, line, name)
        for found in ALL
        if not _within(found.dotted, APP_USERS)
        for line, name in _ours(found)
        if _within(name, ("server.app",))
    ]
    assert wrong == []


def test_inference_never_imports_the_server_or_a_client() -> None:
    wrong = [
        _at(found, line, name)
        for found in ALL
        if _within(found.dotted, ("inference", "model_repository"))
        for line, name in _ours(found)
        if _within(name, ("server", "clients"))
    ]
    assert wrong == []


def test_our_packages_are_imported_by_their_full_name() -> None:
    wrong = [
        _at(found, line, name)
        for found in [*ALL, *modules("tests")]
        for line, name in imports(found)
        if name.partition(".")[0] in {*ROOMS, "protos", "buf", "tests"} or (name.startswith(".") and found in ALL)
    ]
    assert wrong == []
