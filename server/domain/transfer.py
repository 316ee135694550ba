"""The states of a transfer and the moves between them."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from landseal.server.domain.contract import Role
from landseal.server.domain.errors import Refused
from landseal.server.domain.reasons import Reason

OFFER_LIFETIME = dt.timedelta(days=7)
"""How long an offer stands; a transferee never holds an open option."""
TRANSFER_LIFETIME = dt.timedelta(days=30)
"""How long a transfer may take from the confirmation notice to the contract."""
CODE_LIFETIME = dt.timedelta(minutes=10)
"""How long a transferee's code is good (``security.md`` S3)."""


class State(enum.IntEnum):
    """How far a transfer is; the numbers are those of the proto."""

    UNSPECIFIED = 0
    AWAITING_VERIFICATION = 1
    VERIFIED = 2
    PROPOSED = 3
    CONFIRMED = 4
    CONCLUDED = 5
    DECLINED = 6
    CANCELLED = 7
    EXPIRED = 8


class Move(enum.Enum):
    """The named methods that move a transfer."""

    VERIFY = enum.auto()
    DRAFT = enum.auto()
    PROPOSE = enum.auto()
    CONFIRM = enum.auto()
    CONCLUDE = enum.auto()
    DECLINE = enum.auto()
    CANCEL = enum.auto()
    EXPIRE = enum.auto()


_WAITING = (State.AWAITING_VERIFICATION, State.VERIFIED, State.PROPOSED)
_BOTH = frozenset((Role.TRANSFEROR, Role.TRANSFEREE))
_FROM = frozenset((Role.TRANSFEROR,))
_TO = frozenset((Role.TRANSFEREE,))

MOVES: dict[tuple[State, Move], tuple[State, frozenset[Role]]] = {
    (State.AWAITING_VERIFICATION, Move.VERIFY): (State.VERIFIED, _FROM),
    (State.VERIFIED, Move.VERIFY): (State.VERIFIED, _FROM),
    (State.VERIFIED, Move.DRAFT): (State.VERIFIED, _FROM),
    (State.VERIFIED, Move.PROPOSE): (State.PROPOSED, _FROM),
    (State.PROPOSED, Move.CONFIRM): (State.CONFIRMED, _TO),
    (State.CONFIRMED, Move.CONCLUDE): (State.CONCLUDED, _TO),
    (State.PROPOSED, Move.DECLINE): (State.DECLINED, _TO),
    (State.AWAITING_VERIFICATION, Move.CANCEL): (State.CANCELLED, _BOTH),
    (State.VERIFIED, Move.CANCEL): (State.CANCELLED, _BOTH),
    (State.PROPOSED, Move.CANCEL): (State.CANCELLED, _FROM),
    **{(state, Move.EXPIRE): (State.EXPIRED, _BOTH) for state in _WAITING},
}
"""All moves there are: from a state by a move to a state, and who may make it."""

ENDED = frozenset((State.CONCLUDED, State.DECLINED, State.CANCELLED, State.EXPIRED))
"""States that nothing leaves."""


def after(state: State, move: Move, role: Role) -> State:
    """Returns the state that the move leads to.

    Raises:
        Refused: STATE_FORBIDS, whether the state or the side does not allow the move.
    """
    target, roles = MOVES.get((state, move), (State.UNSPECIFIED, frozenset[Role]()))
    if role not in roles:
        raise Refused(Reason.STATE_FORBIDS, metadata={"state": state.name})
    return target


@dataclass(frozen=True)
class Transfer:
    """One transfer as it is stored."""

    transfer_id: str
    state: State
    transferor_account_id: str
    transferee_account_id: str
    transferor_auth_key_id: str
    transferee_auth_key_id: str
    """The transferee's device that made the code; contracts are signed by this device's sign key."""
    version: int
    """Counts drafts from 1; 0 before the first."""
    contract_id: str
    comparison_number: str
    create_time: dt.datetime
    expire_time: dt.datetime

    def role_of(self, account_id: str) -> Role:
        """Returns the account's side; UNSPECIFIED for anybody else."""
        if account_id == self.transferor_account_id:
            return Role.TRANSFEROR
        return Role.TRANSFEREE if account_id == self.transferee_account_id else Role.UNSPECIFIED


@dataclass(frozen=True)
class MoveRecord:
    """One move in a transfer's history."""

    state: State
    move_time: dt.datetime
