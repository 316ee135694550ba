"""The terms of a transfer contract: art. 40 of the Rural Land Contracting Law (2018) and model text GF-2021-2606.

A draft may be incomplete: a missing date is None, missing text is empty, a missing choice is UNSPECIFIED and
``late_per_ten_thousand`` is -1. :func:`landseal.server.domain.termcheck.check_terms` lists what is missing or wrong.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field, fields

from landseal.server.domain.canonical import Value

STANDARD_CLAUSES = "GF-2021-2606"
"""The only code of standard rights and duties so far: the national model text for leases."""


class TransferKind(enum.IntEnum):
    """Which instrument it is.

    Lease and sub-contract move the management right (art. 36), exchange moves the contracted right (art. 33).
    """

    UNSPECIFIED = 0
    LEASE = 1
    SUBCONTRACT = 2
    EXCHANGE = 3


class UseOfLand(enum.IntEnum):
    """What the transferee will grow or raise."""

    UNSPECIFIED = 0
    GRAIN = 1
    VEGETABLES = 2
    OIL_AND_COTTON = 3
    ORCHARD = 4
    AQUACULTURE = 5
    FORESTRY = 6
    OTHER_AGRICULTURAL = 7


class RentBasis(enum.IntEnum):
    """How the price is stated."""

    UNSPECIFIED = 0
    CASH_PER_MU_YEAR = 1
    CASH_TOTAL = 2
    IN_KIND = 3
    FREE = 4


class PaymentSchedule(enum.IntEnum):
    """When it is paid."""

    UNSPECIFIED = 0
    ONCE = 1
    YEARLY = 2


class CompensationTo(enum.IntEnum):
    """Who receives the compensation for crops and fixtures on expropriation.

    That for the land itself goes to its owner and contractor by law.
    """

    UNSPECIFIED = 0
    TRANSFEROR = 1
    TRANSFEREE = 2
    SHARED = 3


class SubsidiesTo(enum.IntEnum):
    """Who receives agricultural subsidies."""

    UNSPECIFIED = 0
    TRANSFEROR = 1
    TRANSFEREE = 2


class DisputeForum(enum.IntEnum):
    """Where a dispute goes when negotiation fails."""

    UNSPECIFIED = 0
    MEDIATION_THEN_ARBITRATION = 1
    MEDIATION_THEN_COURT = 2


class MemberPriority(enum.IntEnum):
    """How the priority of members of the collective (art. 38) was kept."""

    UNSPECIFIED = 0
    TRANSFEREE_IS_MEMBER = 1
    OFFERED_AND_WAIVED = 2


@dataclass(frozen=True)
class ParcelPart:
    """A part of a parcel, where less than the whole is transferred."""

    parcel_code: str
    area_m2: int


@dataclass(frozen=True)
class ContractTerms:
    """Everything the parties agree on.

    Names and identity numbers are not terms: they come from the verified identities.
    """

    kind: TransferKind
    transferor_domicile: str = field(default="", repr=False)
    transferor_phone: str = field(default="", repr=False)
    transferee_domicile: str = field(default="", repr=False)
    transferee_phone: str = field(default="", repr=False)
    parts: tuple[ParcelPart, ...] = ()
    """Parcels of which only a part is transferred; a parcel that is not named here goes wholly."""
    exchange_parcel_codes: tuple[str, ...] = ()
    """The transferee's parcels, for an exchange only."""
    start_date: dt.date | None = None
    end_date: dt.date | None = None
    """Last day, inclusive."""
    delivery_date: dt.date | None = None
    use: UseOfLand = UseOfLand.UNSPECIFIED
    use_note: str = ""
    rent_basis: RentBasis = RentBasis.UNSPECIFIED
    rent_fen: int = 0
    """Fen per mu and year, or fen for the whole term, as ``rent_basis`` says; 0 for the others."""
    in_kind_crop: str = ""
    in_kind_kg_per_mu_year: int = 0
    in_kind_conversion: str = ""
    """How the crop is converted into money."""
    rent_adjust_every_years: int = 0
    """0: never."""
    rent_adjust_note: str = ""
    payment: PaymentSchedule = PaymentSchedule.UNSPECIFIED
    first_payment_date: dt.date | None = None
    payment_day_note: str = ""
    payee_account: str = field(default="", repr=False)
    deposit_fen: int = 0
    """Risk deposit; 0: none."""
    compensation: CompensationTo = CompensationTo.UNSPECIFIED
    compensation_note: str = ""
    subsidies_to: SubsidiesTo = SubsidiesTo.UNSPECIFIED
    late_per_ten_thousand: int = -1
    """Per ten thousand of the yearly rent and day late, 0..100."""
    terminate_after_days_late: int = 0
    renewal_notice_days: int = 0
    return_days: int = 0
    """Days after the end within which the land goes back."""
    filing_within_days: int = 0
    may_improve_soil: bool = False
    may_build_facilities: bool = False
    may_mortgage: bool = False
    may_retransfer: bool = False
    attached_assets: str = ""
    assets_at_end: str = ""
    member_priority: MemberPriority = MemberPriority.UNSPECIFIED
    capacity_declared: bool = False
    """Whether the transferee declares the capacity to farm."""
    dispute: DisputeForum = DisputeForum.UNSPECIFIED
    rights_and_duties: str = ""
    """Code of the standard clauses, :data:`STANDARD_CLAUSES`."""
    special_terms: str = ""


def empty_terms(kind: TransferKind) -> ContractTerms:
    """Returns a draft in which everything is missing."""
    return ContractTerms(kind=kind)


def terms_fields(terms: ContractTerms) -> tuple[Value, ...]:
    """Returns all terms in the order of the class for :func:`landseal.server.domain.canonical.encode`.

    Dates are ``YYYY-MM-DD`` or empty, choices their number, truth values 0 or 1. Incomplete terms
    (``late_per_ten_thousand`` -1) have no canonical form: encode refuses them.
    """
    return tuple(_canonical(getattr(terms, each.name)) for each in fields(terms))


def _canonical(value: object) -> Value:
    match value:
        case None:
            return ""
        case str():
            return value
        case int():  # covers truth values and choices
            return int(value)
        case dt.date():
            return value.isoformat()
        case ParcelPart():
            return (value.parcel_code, value.area_m2)
        case tuple():
            return tuple(_canonical(each) for each in value)
    raise TypeError(f"{type(value).__name__} is no kind of term")
