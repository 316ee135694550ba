"""A transfer as one of its parties sees it."""

from __future__ import annotations

from dataclasses import dataclass

from landseal.server.domain.contract import Role
from landseal.server.domain.doors import Reads, Sealer
from landseal.server.domain.masking import Masked
from landseal.server.domain.records import Caller, Draft
from landseal.server.domain.transfer import MoveRecord, State, Transfer
from landseal.server.usecases.people import masked, person_of_account

_HIDDEN_FROM_TRANSFEREE = frozenset((State.AWAITING_VERIFICATION, State.VERIFIED))


@dataclass(frozen=True)
class TransferView:
    """A transfer with what this party may see of it."""

    transfer: Transfer
    my_role: Role
    transferor: Masked
    transferee: Masked
    draft: Draft | None
    history: tuple[MoveRecord, ...]


def may_see_draft(transfer: Transfer, role: Role) -> bool:
    """Tells whether the party may read the current version: the transferee only once it was offered."""
    never_offered = transfer.state in _HIDDEN_FROM_TRANSFEREE
    return transfer.version > 0 and (role is Role.TRANSFEROR or not never_offered)


def view_of(
    reads: Reads, sealer: Sealer, transfer: Transfer, caller: Caller, *, with_draft: bool = True
) -> TransferView:
    """Returns the caller's view; the caller is known to be a party."""
    role = transfer.role_of(caller.account_id)
    visible = with_draft and may_see_draft(transfer, role)
    return TransferView(
        transfer=transfer,
        my_role=role,
        transferor=masked(sealer, person_of_account(reads, transfer.transferor_account_id)),
        transferee=masked(sealer, person_of_account(reads, transfer.transferee_account_id)),
        draft=reads.draft(transfer.transfer_id, transfer.version) if visible else None,
        history=tuple(reads.transfer_history(transfer.transfer_id)) if with_draft else (),
    )
