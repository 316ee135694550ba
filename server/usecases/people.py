"""Who somebody is: opening a person's sealed record."""

from __future__ import annotations

from landseal.server.domain.doors import Reads, Sealer
from landseal.server.domain.masking import Masked
from landseal.server.domain.records import Person


def id_context(person_id: str) -> str:
    """Returns the context under which a person's ID number is sealed."""
    return f"id-number/{person_id}"


def id_number(sealer: Sealer, person: Person) -> str:
    """Opens the ID number."""
    return sealer.open(id_context(person.person_id), person.id_sealed).decode()


def person_of_account(reads: Reads, account_id: str) -> Person:
    """Returns the person of an account that is known to exist.

    Raises:
        LookupError: the store is inconsistent.
    """
    account = reads.account(account_id)
    person = reads.person(account.person_id) if account else None
    if person is None:
        raise LookupError("an account without a person")
    return person


def masked(sealer: Sealer, person: Person) -> Masked:
    """Masks a person for somebody who may recognise but not learn them."""
    return Masked.of(person.legal_name, id_number(sealer, person))
