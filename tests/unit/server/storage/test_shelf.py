"""Pieces of uploads in memory."""

from __future__ import annotations

from landseal.server.storage.shelf import KEPT_S, PieceShelf


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_pieces_are_kept_by_their_start_until_they_are_dropped() -> None:
    shelf = PieceShelf()
    assert shelf.put("u", 0, b"abc")
    assert shelf.put("u", 3, b"de")
    assert shelf.put("v", 0, b"x")
    assert shelf.pieces("u") == {0: b"abc", 3: b"de"}
    shelf.drop("u")
    shelf.drop("u")
    assert shelf.pieces("u") == {}
    assert shelf.pieces("v") == {0: b"x"}


def test_a_full_shelf_takes_nothing_more_until_something_is_let_go() -> None:
    shelf = PieceShelf(limit_bytes=4)
    assert shelf.put("u", 0, b"abcd")
    assert not shelf.put("v", 0, b"x")
    assert shelf.pieces("v") == {}
    shelf.drop("u")
    assert shelf.put("v", 0, b"x")


def test_a_repeated_piece_takes_the_place_of_the_first() -> None:
    shelf = PieceShelf(limit_bytes=4)
    assert shelf.put("u", 0, b"abc")
    assert shelf.put("u", 0, b"wxyz")
    assert shelf.pieces("u") == {0: b"wxyz"}


def test_a_piece_that_finds_no_room_leaves_no_older_one_at_its_place() -> None:
    shelf = PieceShelf(limit_bytes=4)
    assert shelf.put("u", 0, b"abc")
    assert not shelf.put("u", 0, b"12345")
    assert shelf.pieces("u") == {}


def test_what_nobody_submits_is_let_go() -> None:
    clock = Clock()
    shelf = PieceShelf(limit_bytes=4, clock=clock)
    assert shelf.put("u", 0, b"abcd")
    clock.now = KEPT_S + 1
    assert shelf.put("v", 0, b"abcd")
    assert shelf.pieces("u") == {}
