"""A contract's body as a person reads it on a terminal, before signing."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import fields

from landseal.clients.cli.speech import Speaker
from landseal.server.domain.contract import ContractBody, Party
from landseal.server.domain.terms import ContractTerms, ParcelPart

LABELS: dict[str, tuple[str, str]] = {
    "kind": ("流转方式", "kind"),
    "transferor_domicile": ("出让方住所", "transferor's domicile"),
    "transferor_phone": ("出让方电话", "transferor's phone"),
    "transferee_domicile": ("受让方住所", "transferee's domicile"),
    "transferee_phone": ("受让方电话", "transferee's phone"),
    "parts": ("部分流转的地块", "parcels in part"),
    "exchange_parcel_codes": ("互换的地块", "parcels in exchange"),
    "start_date": ("开始日期", "first day"),
    "end_date": ("结束日期（含）", "last day"),
    "delivery_date": ("交付日期", "day of delivery"),
    "use": ("用途", "use"),
    "use_note": ("用途说明", "about the use"),
    "rent_basis": ("价款方式", "rent basis"),
    "rent_fen": ("价款（元）", "rent (yuan)"),
    "in_kind_crop": ("实物", "crop in kind"),
    "in_kind_kg_per_mu_year": ("每亩每年公斤", "kg per mu and year"),
    "in_kind_conversion": ("折价方式", "conversion"),
    "rent_adjust_every_years": ("调整间隔（年）", "rent adjusted every (years)"),
    "rent_adjust_note": ("调整方式", "about the adjustment"),
    "payment": ("支付", "payment"),
    "first_payment_date": ("首次支付日", "first payment"),
    "payment_day_note": ("支付说明", "about the payment"),
    "payee_account": ("收款账户", "payee's account"),
    "deposit_fen": ("保证金（元）", "deposit (yuan)"),
    "compensation": ("地上物补偿归", "compensation to"),
    "compensation_note": ("补偿说明", "about the compensation"),
    "subsidies_to": ("补贴归", "subsidies to"),
    "late_per_ten_thousand": ("逾期违约金（万分之/日）", "late penalty (per 10,000 a day)"),
    "terminate_after_days_late": ("逾期几日可解除", "termination after days late"),
    "renewal_notice_days": ("续约提前通知（日）", "renewal notice (days)"),
    "return_days": ("到期后几日内交还", "land returned within (days)"),
    "filing_within_days": ("几日内备案", "filed within (days)"),
    "may_improve_soil": ("可改良土壤", "may improve the soil"),
    "may_build_facilities": ("可建农业设施", "may build facilities"),
    "may_mortgage": ("可融资担保", "may mortgage"),
    "may_retransfer": ("可再流转", "may transfer again"),
    "attached_assets": ("地上附着物", "assets on the land"),
    "assets_at_end": ("到期处置", "assets at the end"),
    "member_priority": ("成员优先权", "priority of members"),
    "capacity_declared": ("受让方声明有经营能力", "capacity declared"),
    "dispute": ("争议解决", "disputes"),
    "rights_and_duties": ("权利义务条款", "standard clauses"),
    "special_terms": ("特别约定", "special terms"),
}
"""What each term is called; a test holds the names equal to those of the terms."""

CHOICES_ZH: dict[str, str] = {
    "LEASE": "出租", "SUBCONTRACT": "转包", "EXCHANGE": "互换", "GRAIN": "粮食", "VEGETABLES": "蔬菜",
    "OIL_AND_COTTON": "油料、棉花", "ORCHARD": "果树", "AQUACULTURE": "水产养殖", "FORESTRY": "林业",
    "OTHER_AGRICULTURAL": "其他农业", "CASH_PER_MU_YEAR": "每亩每年现金", "CASH_TOTAL": "全期现金总额",
    "IN_KIND": "实物", "FREE": "无偿", "ONCE": "一次支付", "YEARLY": "每年支付", "TRANSFEROR": "出让方",
    "TRANSFEREE": "受让方", "SHARED": "双方分享", "MEDIATION_THEN_ARBITRATION": "先调解，后仲裁",
    "MEDIATION_THEN_COURT": "先调解，后诉讼", "TRANSFEREE_IS_MEMBER": "受让方是本集体成员",
    "OFFERED_AND_WAIVED": "已征询成员，成员放弃",
}  # fmt: skip
"""What each choice is called in Chinese; a test holds the names equal to those of the terms."""


def show_body(speaker: Speaker, body: ContractBody, digest: bytes) -> None:
    """Shows every field that will be signed; nothing is shortened, empty terms are shown as a dash."""
    pick = speaker.pick
    rows = [
        (pick("合同编号", "number"), f"{body.contract_number} (v{body.version})"),
        (pick("出让方", "transferor"), _party(body.transferor)),
        (pick("受让方", "transferee"), _party(body.transferee)),
        *((pick("地块", "parcel"), f"{each.parcel_code} {each.name} {each.area_m2} m²") for each in body.parcels),
        *(
            (pick(*LABELS[each.name]), _term(each.name, getattr(body.terms, each.name), speaker))
            for each in fields(ContractTerms)
        ),
        (pick("要约有效期至", "offer expires"), body.offer_expire_time.isoformat()),
        ("SHA-256 PDF", body.document_sha256.hex()),
        (pick("待签摘要", "digest to sign"), digest.hex()),
    ]
    if body.mark:
        speaker.warn(f"演示标记：{body.mark}，没有效力。", f"Marked {body.mark}: without effect.")
    speaker.table(("", pick("合同", "contract")), rows)


def _party(party: Party) -> str:
    return f"{party.legal_name} {party.id_number}\n{party.sign_key.key_id}"


def _term(name: str, value: object, speaker: Speaker) -> str:
    if name in ("rent_fen", "deposit_fen") and isinstance(value, int):
        return f"{value // 100}.{value % 100:02d}"
    return _text(value, speaker)


def _text(value: object, speaker: Speaker) -> str:
    if isinstance(value, bool):
        return speaker.pick("是", "yes") if value else speaker.pick("否", "no")
    if isinstance(value, enum.Enum):
        return speaker.pick(CHOICES_ZH[value.name], value.name.replace("_", " ").lower()) if value.value else "-"
    if isinstance(value, tuple):
        return "\n".join(_text(each, speaker) for each in value) or "-"
    if isinstance(value, ParcelPart):
        return f"{value.parcel_code} {value.area_m2} m²"
    if isinstance(value, dt.date):
        return value.isoformat()
    return "-" if value in ("", None) else str(value)
