"""How choices are worded on paper, and the pieces of which clauses are built."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from landseal.server.domain.rmb import capital_amount, chinese_date, digit_amount, digit_date
from landseal.server.domain.terms import (
    CompensationTo,
    DisputeForum,
    MemberPriority,
    PaymentSchedule,
    SubsidiesTo,
    TransferKind,
    UseOfLand,
)


@dataclass(frozen=True)
class Filled:
    """A value that the parties filled in; printed underlined, as on the township's form."""

    text: str


Clause = tuple[str | Filled, ...]
"""Printed words and filled-in values, one after the other."""


@dataclass(frozen=True)
class Article:
    """One article: a heading and numbered clauses; ``table`` names a table printed after the first clause."""

    heading: str
    clauses: tuple[Clause, ...]
    table: str = ""


@dataclass(frozen=True)
class KindWords:
    """How a kind of transfer is worded."""

    title: str
    manner: str
    right: str
    transferor: str
    transferee: str


KIND = {
    TransferKind.LEASE: KindWords("农村土地经营权出租合同", "出租", "土地经营权", "出租方", "承租方"),
    TransferKind.SUBCONTRACT: KindWords("农村土地经营权转包合同", "转包", "土地经营权", "转包方", "接包方"),
    TransferKind.EXCHANGE: KindWords("农村土地承包经营权互换合同", "互换", "土地承包经营权", "互换方", "互换方"),
}
USE = {
    UseOfLand.GRAIN: "粮食作物种植",
    UseOfLand.VEGETABLES: "蔬菜种植",
    UseOfLand.OIL_AND_COTTON: "油料、棉花作物种植",
    UseOfLand.ORCHARD: "果园经营",
    UseOfLand.AQUACULTURE: "水产养殖",
    UseOfLand.FORESTRY: "林业生产",
    UseOfLand.OTHER_AGRICULTURAL: "其他农业生产",
}
PAYMENT = {PaymentSchedule.ONCE: "一次性支付", PaymentSchedule.YEARLY: "按年支付"}
COMPENSATION = {
    CompensationTo.TRANSFEROR: "归甲方所有",
    CompensationTo.TRANSFEREE: "归乙方所有",
    CompensationTo.SHARED: "由双方按下列办法分配",
}
SUBSIDIES = {SubsidiesTo.TRANSFEROR: "归甲方", SubsidiesTo.TRANSFEREE: "归乙方"}
DISPUTE = {
    DisputeForum.MEDIATION_THEN_ARBITRATION: "向土地所在地的农村土地承包仲裁委员会申请仲裁",
    DisputeForum.MEDIATION_THEN_COURT: "向土地所在地有管辖权的人民法院起诉",
}
PRIORITY = {
    MemberPriority.TRANSFEREE_IS_MEMBER: "乙方为本集体经济组织成员",
    MemberPriority.OFFERED_AND_WAIVED: "甲方已将流转条件告知本集体经济组织成员，同等条件下无成员主张优先权",
}


def clause(*parts: str | Filled) -> Clause:
    """Joins printed words and values to a clause."""
    return parts


def filled_date(day: dt.date | None) -> Filled:
    """A date in digits and in Chinese numerals."""
    return Filled(f"{digit_date(day)}（{chinese_date(day)}）") if day else Filled("")


def filled_amount(fen: int) -> Filled:
    """An amount in digits and in capitals (大写)."""
    return Filled(f"{digit_amount(fen)}（大写：{capital_amount(fen)}）")


def consent(given: bool) -> Filled:
    """A pair of boxes, one of them ticked."""
    return Filled("■同意　□不同意" if given else "□同意　■不同意")


def masked_key(key_id: str) -> str:
    """First and last four digits of a key id, enough to compare by eye."""
    return f"{key_id[:4]}…{key_id[-4:]}" if len(key_id) > 8 else key_id
