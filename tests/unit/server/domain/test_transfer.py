"""Only the drawn moves work: every state, every move, every side."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from landseal.server.domain.contract import Role
from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason
from landseal.server.domain.transfer import ENDED, MOVES, Move, State, after

FROM, TO, NOBODY = Role.TRANSFEROR, Role.TRANSFEREE, Role.UNSPECIFIED

DRAWN = {
    (State.AWAITING_VERIFICATION, Move.VERIFY, FROM): State.VERIFIED,
    (State.AWAITING_VERIFICATION, Move.CANCEL, FROM): State.CANCELLED,
    (State.AWAITING_VERIFICATION, Move.CANCEL, TO): State.CANCELLED,
    (State.AWAITING_VERIFICATION, Move.EXPIRE, FROM): State.EXPIRED,
    (State.AWAITING_VERIFICATION, Move.EXPIRE, TO): State.EXPIRED,
    (State.VERIFIED, Move.VERIFY, FROM): State.VERIFIED,
    (State.VERIFIED, Move.DRAFT, FROM): State.VERIFIED,
    (State.VERIFIED, Move.PROPOSE, FROM): State.PROPOSED,
    (State.VERIFIED, Move.CANCEL, FROM): State.CANCELLED,
    (State.VERIFIED, Move.CANCEL, TO): State.CANCELLED,
    (State.VERIFIED, Move.EXPIRE, FROM): State.EXPIRED,
    (State.VERIFIED, Move.EXPIRE, TO): State.EXPIRED,
    (State.PROPOSED, Move.CONFIRM, TO): State.CONFIRMED,
    (State.PROPOSED, Move.DECLINE, TO): State.DECLINED,
    (State.PROPOSED, Move.CANCEL, FROM): State.CANCELLED,
    (State.PROPOSED, Move.EXPIRE, FROM): State.EXPIRED,
    (State.PROPOSED, Move.EXPIRE, TO): State.EXPIRED,
    (State.CONFIRMED, Move.CONCLUDE, TO): State.CONCLUDED,
}
"""Written out by hand, apart from the table of the product."""


@pytest.mark.parametrize(("state", "move", "role"), list(itertools.product(State, Move, Role)))
def test_only_the_drawn_moves_work(state: State, move: Move, role: Role) -> None:
    expected = DRAWN.get((state, move, role))
    if expected is not None:
        assert after(state, move, role) is expected
        return
    with pytest.raises(Refused) as refusal:
        after(state, move, role)
    assert refusal.value.reason is Reason.STATE_FORBIDS
    assert refusal.value.metadata == {"state": state.name}


def test_nothing_leaves_an_ended_state() -> None:
    assert not [state for state, _ in MOVES if state in ENDED]


class TransferWalk(RuleBasedStateMachine):
    """Random walks: a contract never comes without an offer by one side and a confirmation by the other."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.AWAITING_VERIFICATION
        self.done: list[tuple[Move, Role]] = []

    @rule(move=st.sampled_from(Move), role=st.sampled_from(Role))
    def attempt(self, move: Move, role: Role) -> None:
        try:
            self.state = after(self.state, move, role)
        except Refused:
            return
        self.done.append((move, role))

    @invariant()
    def concluded_only_after_both_sides(self) -> None:
        if self.state is State.CONCLUDED:
            order = [self.done.index(step) for step in ((Move.VERIFY, FROM), (Move.PROPOSE, FROM), (Move.CONFIRM, TO))]
            assert order == sorted(order)

    @invariant()
    def nobody_else_ever_moved_it(self) -> None:
        assert all(role is not NOBODY for _, role in self.done)


TestTransferWalk = TransferWalk.TestCase
