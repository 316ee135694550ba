"""What can be wrong with terms: one code, one article of law and one sentence per language each."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class TermCode(enum.StrEnum):
    """What is wrong with a term; the names are part of the API."""

    MISSING = "MISSING"
    TOO_LONG = "TOO_LONG"
    BAD_CHARACTERS = "BAD_CHARACTERS"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NOT_ALLOWED_HERE = "NOT_ALLOWED_HERE"
    NO_PARCEL = "NO_PARCEL"
    DUPLICATE_PARCEL = "DUPLICATE_PARCEL"
    UNKNOWN_PARCEL = "UNKNOWN_PARCEL"
    SEVERAL_CONTRACTORS = "SEVERAL_CONTRACTORS"
    SAME_CONTRACTOR = "SAME_CONTRACTOR"
    PARCEL_INCOMPLETE = "PARCEL_INCOMPLETE"
    START_NOT_BEFORE_END = "START_NOT_BEFORE_END"
    START_TOO_EARLY = "START_TOO_EARLY"
    AFTER_CONTRACTING_TERM = "AFTER_CONTRACTING_TERM"
    CONTRACTING_TERM_UNKNOWN = "CONTRACTING_TERM_UNKNOWN"
    OUTSIDE_TERM = "OUTSIDE_TERM"
    USE_NOT_ALLOWED = "USE_NOT_ALLOWED"
    NOT_SAME_COLLECTIVE = "NOT_SAME_COLLECTIVE"
    CAPACITY_NOT_DECLARED = "CAPACITY_NOT_DECLARED"
    UNKNOWN_CLAUSES = "UNKNOWN_CLAUSES"
    OVERLAP = "OVERLAP"


@dataclass(frozen=True)
class TermFault:
    """One fault. The messages never repeat a value of the terms."""

    field: str
    """Name of the term (``start_date``), of a parcel's field (``parcels.name``) or ``parcels``."""
    code: TermCode
    article: str
    """The rule it follows from, for example ``《农村土地承包法》第四十条``; empty for limits of this system."""
    message_zh: str
    message_en: str


LAW = "《农村土地承包法》"
ART_33 = LAW + "第三十三条"
ART_36 = LAW + "第三十六条"
ART_38 = LAW + "第三十八条"
ART_40 = LAW + "第四十条"
PBF = "《基本农田保护条例》第十七条"

_MESSAGES: dict[TermCode, tuple[str, str]] = {
    TermCode.MISSING: ("缺少“{zh}”。", "{en} is missing."),
    TermCode.TOO_LONG: ("“{zh}”过长。", "{en} is too long."),
    TermCode.BAD_CHARACTERS: ("“{zh}”含有不允许的字符。", "{en} holds characters that are not allowed."),
    TermCode.OUT_OF_RANGE: ("“{zh}”超出允许范围。", "{en} is out of range."),
    TermCode.NOT_ALLOWED_HERE: (
        "“{zh}”与所选流转方式或其他条款不相容。", "{en} does not fit the kind of transfer or other terms."),
    TermCode.NO_PARCEL: ("未选择地块（{zh}）。", "No parcel is chosen ({en})."),
    TermCode.DUPLICATE_PARCEL: ("“{zh}”中同一地块重复出现。", "{en} names a parcel twice."),
    TermCode.UNKNOWN_PARCEL: ("“{zh}”指向合同之外的地块。", "{en} names a parcel that is not in the contract."),
    TermCode.SEVERAL_CONTRACTORS: ("“{zh}”中的地块不属于同一承包方。", "{en} belong to several contractors."),
    TermCode.SAME_CONTRACTOR: ("互换双方的地块属于同一承包方。", "Both sides' parcels belong to one contractor."),
    TermCode.PARCEL_INCOMPLETE: ("登记信息缺少“{zh}”。", "The registry lacks {en}."),
    TermCode.START_NOT_BEFORE_END: ("起始日期应早于终止日期。", "The start must lie before the end."),
    TermCode.START_TOO_EARLY: ("起始日期早于允许的追溯期限。", "The start lies too far in the past."),
    TermCode.AFTER_CONTRACTING_TERM: (
        "终止日期超过承包期的剩余期限。", "The end lies after the end of the contracting term of a parcel."),
    TermCode.CONTRACTING_TERM_UNKNOWN: (
        "有地块的承包期终止日期未登记。", "The registry does not know a parcel's contracting term."),
    TermCode.OUTSIDE_TERM: ("“{zh}”不在流转期限之内。", "{en} lies outside the term."),
    TermCode.USE_NOT_ALLOWED: ("所选用途不适用于所选地块。", "The use is not allowed on a chosen parcel."),
    TermCode.NOT_SAME_COLLECTIVE: (
        "互换的地块应属于同一集体经济组织。", "Exchanged parcels must belong to the same collective."),
    TermCode.CAPACITY_NOT_DECLARED: (
        "受让方未声明具有农业经营能力。", "The transferee has not declared agricultural capacity."),
    TermCode.UNKNOWN_CLAUSES: ("未知的权利义务标准条款代码。", "The code of the standard clauses is unknown."),
    TermCode.OVERLAP: (
        "地块在此期间已有流转，合计面积超过地块面积。", "The parcel is already transferred in that time."),
}  # fmt: skip

LABELS: dict[str, tuple[str, str]] = {
    "kind": ("流转方式", "the kind of transfer"),
    "transferor_domicile": ("出让方住所", "the transferor's domicile"),
    "transferor_phone": ("出让方电话", "the transferor's phone"),
    "transferee_domicile": ("受让方住所", "the transferee's domicile"),
    "transferee_phone": ("受让方电话", "the transferee's phone"),
    "parts": ("部分流转的地块", "the list of parts"),
    "parts.area_m2": ("部分流转面积", "the area of a part"),
    "exchange_parcel_codes": ("互换地块", "the list of parcels in exchange"),
    "parcels": ("流转地块", "the parcels"),
    "parcels.name": ("地块名称", "a parcel's name"),
    "parcels.location": ("地块坐落与四至", "a parcel's location and bounds"),
    "parcels.area_m2": ("地块面积", "a parcel's area"),
    "parcels.quality_grade": ("质量等级", "a parcel's quality grade"),
    "parcels.land_use": ("地类", "a parcel's land use"),
    "start_date": ("起始日期", "the start date"),
    "end_date": ("终止日期", "the end date"),
    "delivery_date": ("交付日期", "the delivery date"),
    "use": ("土地用途", "the use"),
    "use_note": ("用途说明", "the note on the use"),
    "rent_basis": ("价款方式", "the basis of the price"),
    "rent_fen": ("价款", "the price"),
    "in_kind_crop": ("实物品种", "the crop of the rent in kind"),
    "in_kind_kg_per_mu_year": ("实物数量", "the quantity of the rent in kind"),
    "in_kind_conversion": ("实物折算办法", "the conversion rule of the rent in kind"),
    "rent_adjust_every_years": ("价款调整周期", "the interval of price adjustment"),
    "rent_adjust_note": ("价款调整办法", "the rule of price adjustment"),
    "payment": ("支付方式", "the payment schedule"),
    "first_payment_date": ("首次支付日期", "the first payment date"),
    "payment_day_note": ("支付说明", "the note on payment"),
    "payee_account": ("收款账户", "the payee's account"),
    "deposit_fen": ("风险保障金", "the deposit"),
    "compensation": ("征收补偿归属", "who receives expropriation compensation"),
    "compensation_note": ("补偿分配办法", "how compensation is shared"),
    "subsidies_to": ("补贴归属", "who receives subsidies"),
    "late_per_ten_thousand": ("逾期违约金比例", "the rate for being late"),
    "terminate_after_days_late": ("逾期解除天数", "the days late that allow termination"),
    "renewal_notice_days": ("续约通知天数", "the days of notice for renewal"),
    "return_days": ("返还天数", "the days for returning the land"),
    "filing_within_days": ("备案天数", "the days for filing"),
    "attached_assets": ("地上附着物", "the attached assets"),
    "assets_at_end": ("附着物期满处置", "what becomes of the attached assets"),
    "may_mortgage": ("融资担保许可", "the consent to a financing guarantee"),
    "may_retransfer": ("再流转许可", "the consent to re-transfer"),
    "member_priority": ("本集体成员优先权", "the priority of members of the collective"),
    "capacity_declared": ("农业经营能力声明", "the declaration of agricultural capacity"),
    "dispute": ("争议解决方式", "the forum for disputes"),
    "rights_and_duties": ("双方权利义务", "the rights and duties"),
    "special_terms": ("特别约定", "the special terms"),
}
"""What a field is called in Chinese and English; fields that can be at fault only."""


def fault(field: str, code: TermCode, article: str = "") -> TermFault:
    """Builds a fault with its two sentences; KeyError for a field without a label (a mistake in the rules)."""
    label_zh, label_en = LABELS[field]
    zh, en = _MESSAGES[code]
    sentence = en.format(en=label_en)
    return TermFault(field, code, article, zh.format(zh=label_zh), sentence[0].upper() + sentence[1:])
