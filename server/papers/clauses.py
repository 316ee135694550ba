"""The articles of a lease, sub-contract or exchange, after model text GF-2021-2606 and art. 40 of the law."""

from __future__ import annotations

from collections.abc import Sequence

from landseal.server.domain.parcel import LandUse, Parcel
from landseal.server.domain.rent import contract_years, total_rent_fen, transferred_area_m2, yearly_rent_fen
from landseal.server.domain.rmb import chinese_number, digit_amount, mu_text
from landseal.server.domain.terms import CompensationTo, ContractTerms, RentBasis, TransferKind
from landseal.server.papers.body import PaperContract
from landseal.server.papers.standard import (
    EXCHANGE_DUTIES,
    FORCE_MAJEURE,
    TRANSFEREE_DUTIES,
    TRANSFEREE_RIGHTS,
    TRANSFEROR_DUTIES,
    TRANSFEROR_RIGHTS,
)
from landseal.server.papers.wording import (
    COMPENSATION,
    DISPUTE,
    KIND,
    PAYMENT,
    PRIORITY,
    SUBSIDIES,
    USE,
    Article,
    Clause,
    Filled,
    clause,
    consent,
    filled_amount,
    filled_date,
)

REGISTRATION_YEARS = 5
"""A management right transferred for five years or more may be registered (art. 41)."""


def area_words(area_m2: int) -> str:
    """An area in mu and square metres."""
    return f"{mu_text(area_m2)}亩（{area_m2:,}平方米）"


def _land(body: PaperContract) -> Article:
    words, terms = KIND[body.terms.kind], body.terms
    area = Filled(area_words(transferred_area_m2(terms, body.parcels)))
    count = Filled(f"{len(body.parcels)}宗（{chinese_number(len(body.parcels))}宗）")
    if terms.kind is TransferKind.EXCHANGE:
        theirs = sum(parcel.area_m2 for parcel in body.exchange_parcels)
        first = clause(
            "为方便耕种，甲方以下表所列地块", count, "，面积合计", area, "，与乙方下表所列地块",
            Filled(f"{len(body.exchange_parcels)}宗"), "，面积合计", Filled(area_words(theirs)),
            "，互换土地承包经营权。双方地块均属于同一集体经济组织。",
        )  # fmt: skip
    else:
        first = clause(
            "甲方将下表所列地块", count, f"的{words.right}以", Filled(words.manner), "方式流转给乙方，流转面积合计",
            area, "。地块的名称、代码、坐落、四至、面积和质量等级以下表为准。",
        )  # fmt: skip
    assets = (
        clause("地上建筑物及附着物：", Filled(terms.attached_assets), "；期满处置：", Filled(terms.assets_at_end), "。")
        if terms.attached_assets
        else clause("地上建筑物及附着物：", Filled("无"), "。")
    )
    return Article("流转土地的基本情况", (first, assets), table="parcels")


def _use(body: PaperContract) -> Article:
    note = f"（{body.terms.use_note}）" if body.terms.use_note else ""
    clauses = [
        clause("流转土地用于", Filled(USE[body.terms.use] + note), "。"),
        clause("任何一方不得改变土地所有权的性质和土地的农业用途，不得破坏农业综合生产能力和农业生态环境。"),
    ]
    if any(each.land_use is LandUse.PERMANENT_BASIC_FARMLAND for each in (*body.parcels, *body.exchange_parcels)):
        clauses.append(
            clause(
                "流转土地含永久基本农田，不得用于发展林果业、挖塘养鱼，不得闲置荒芜，不得建窑、建房、建坟、挖砂、采石、采矿、取土。"
            )
        )
    return Article("土地用途", tuple(clauses))


def _term(body: PaperContract) -> Article:
    terms = body.terms
    years = contract_years(terms.start_date, terms.end_date) if terms.start_date and terms.end_date else ()
    noun, count = "流转期限自", clause("，分为", Filled(str(len(years))), "个合同年度（末一年度可不足一年）。")
    if terms.kind is TransferKind.EXCHANGE:
        noun, count = "互换后的权利自", clause("。")
    return Article(
        "期限与土地交付",
        (
            clause(
                noun, filled_date(terms.start_date), "起至", filled_date(terms.end_date), "止，首尾两日均计入", *count,
                "期限不超过各地块承包期的剩余期限。",
            ),
            clause("土地应于", filled_date(terms.delivery_date), "前（含当日）交付，交付时双方现场指认四至。"),
        ),
    )  # fmt: skip


def _basis(terms: ContractTerms, area_m2: int) -> Clause:
    total = total_rent_fen(terms, area_m2)
    match terms.rent_basis:
        case RentBasis.CASH_PER_MU_YEAR:
            return clause(
                "流转价款以现金计，每亩每年", filled_amount(terms.rent_fen), "；按流转面积折合每年",
                filled_amount(yearly_rent_fen(terms, area_m2)), "，全部期限合计", filled_amount(total), "。",
            )  # fmt: skip
        case RentBasis.CASH_TOTAL:
            noun = "互换差价由乙方向甲方支付，合计" if terms.kind is TransferKind.EXCHANGE else "全部期限的流转价款合计"
            return clause(noun, filled_amount(terms.rent_fen), "。")
        case RentBasis.IN_KIND:
            return clause(
                "流转价款以实物计，品种为", Filled(terms.in_kind_crop), "，每亩每年",
                Filled(f"{terms.in_kind_kg_per_mu_year:,}千克"), "；折算办法：", Filled(terms.in_kind_conversion), "。",
            )  # fmt: skip
    noun = "差价" if terms.kind is TransferKind.EXCHANGE else "价款"
    return clause("双方约定本次流转", Filled(f"不支付{noun}"), "。")


def _price(body: PaperContract) -> Article:
    terms, area = body.terms, transferred_area_m2(body.terms, body.parcels)
    clauses = [_basis(terms, area)]
    if terms.payment in PAYMENT:
        note = f"（{terms.payment_day_note}）" if terms.payment_day_note else ""
        clauses.append(
            clause(
                "支付方式：", Filled(PAYMENT[terms.payment] + note), "，首次支付日期为",
                filled_date(terms.first_payment_date),
                "。各期金额见下表。" if total_rent_fen(terms, area) else "。",
            )
        )  # fmt: skip
    if terms.payee_account:
        clauses.append(clause("收款账户：", Filled(terms.payee_account), "。"))
    if terms.rent_adjust_every_years:
        every = Filled(f"{terms.rent_adjust_every_years}年")
        clauses.append(clause("价款每", every, "调整一次，办法：", Filled(terms.rent_adjust_note), "。"))
    if terms.deposit_fen:
        clauses.append(clause("乙方交纳风险保障金", filled_amount(terms.deposit_fen), "，期满无违约的，如数退还。"))
    return Article("价款与支付", tuple(clauses), table="instalments")


def _consents(body: PaperContract) -> Article:
    terms = body.terms
    return Article(
        "甲方对下列事项的意见",
        (
            clause("乙方投入改良土壤、提升地力：", consent(terms.may_improve_soil), "。"),
            clause("乙方依法建设农业生产附属、配套设施：", consent(terms.may_build_facilities), "。"),
            clause("乙方以土地经营权向金融机构融资担保（应向发包方备案）：", consent(terms.may_mortgage), "。"),
            clause("乙方再流转土地经营权（应取得承包方书面同意并向发包方备案）：", consent(terms.may_retransfer), "。"),
        ),
    )


def _benefits(body: PaperContract) -> Article:
    terms = body.terms
    note: Clause = ("。",)
    if terms.compensation is CompensationTo.SHARED:
        note = ("：", Filled(terms.compensation_note), "。")
    which = "甲方换出地块的" if terms.kind is TransferKind.EXCHANGE else "流转期限内的"
    clauses = [
        clause(which, "农业补贴", Filled(SUBSIDIES[terms.subsidies_to]), "；法律、政策另有规定的，从其规定。"),
        clause(
            "土地被依法征收、征用、占用的，", which if terms.kind is TransferKind.EXCHANGE else "",
            "地上附着物及青苗的补偿费", Filled(COMPENSATION[terms.compensation]), *note,
            "土地补偿费等依法属于土地所有权人和承包方的部分，从其规定。",
        ),
    ]  # fmt: skip
    if terms.kind is TransferKind.EXCHANGE:
        clauses.append(clause("乙方换出地块的补贴和补偿，按前两款对等办理。"))
    return Article("补贴与征收补偿的归属", tuple(clauses))


def _filing(body: PaperContract) -> Article:
    terms, land = body.terms, (*body.parcels, *body.exchange_parcels)
    issuers = dict.fromkeys(f"{each.collective}，代码{each.issuer_code}" for each in land)
    issuer = clause("（", Filled("；".join(issuers)), "）")
    clauses = [
        clause(
            "甲方应于本合同生效后",
            Filled(f"{terms.filing_within_days}日"),
            "内将本合同报发包方",
            *issuer,
            "备案。备案不影响本合同的效力。",
        ),
        clause("优先权：", Filled(PRIORITY[terms.member_priority]), "。"),
        clause("乙方声明", Filled("具有相应的农业经营能力"), "。"),
    ]
    years = contract_years(terms.start_date, terms.end_date) if terms.start_date and terms.end_date else ()
    if terms.kind is TransferKind.EXCHANGE:
        clauses.append(clause("双方可以向登记机构申请变更土地承包经营权登记；未经登记，不得对抗善意第三人。"))
    elif len(years) >= REGISTRATION_YEARS:
        clauses.append(
            clause("流转期限为五年以上的，双方可以向登记机构申请土地经营权登记；未经登记，不得对抗善意第三人。")
        )
    return Article("备案、优先权与登记", tuple(clauses))


def _changes(body: PaperContract) -> Article:
    terms = body.terms
    return Article(
        "续约、解除与返还",
        (
            clause(
                "期满后一方愿意或者不愿意续约的，应提前",
                Filled(f"{terms.renewal_notice_days}日"),
                "通知对方；同等条件下乙方优先。",
            ),
            clause(
                "逾期交付土地或者支付价款超过",
                Filled(f"{terms.terminate_after_days_late}日"),
                "的，对方可以书面通知解除本合同。",
            ),
            clause(
                "乙方擅自改变土地的农业用途、弃耕抛荒连续两年以上、给土地造成严重损害或者严重破坏土地生态环境的，甲方可以解除本合同。"
            ),
            clause("期满或者解除后，乙方应于", Filled(f"{terms.return_days}日"), "内返还土地。"),
        ),
    )


def _daily_penalty(body: PaperContract) -> Clause:
    terms = body.terms
    rate = Filled(f"{terms.late_per_ten_thousand}（{chinese_number(terms.late_per_ten_thousand)}）")
    if terms.rent_basis is RentBasis.FREE:
        return clause(
            "逾期交付或者返还土地的，违约方赔偿由此造成的实际损失；嗣后约定价款的，每逾期一日按年度价款的万分之", rate,
            "支付违约金。",
        )  # fmt: skip
    yearly = yearly_rent_fen(terms, transferred_area_m2(terms, body.parcels))
    base = "年度实物价款的折价" if terms.rent_basis is RentBasis.IN_KIND else f"年度价款（{digit_amount(yearly)}）"
    return clause(
        "逾期交付土地、支付价款或者返还土地的，每逾期一日，违约方按", base, "的万分之", rate, "支付违约金。"
    )  # fmt: skip


def _breach(body: PaperContract) -> Article:
    losses = "违约金不足以弥补损失的，违约方应赔偿实际损失；因一方过错致使合同解除的，过错方承担赔偿责任。"
    return Article("违约责任", (_daily_penalty(body), clause(losses)))


def _disputes(body: PaperContract) -> Article:
    return Article(
        "争议解决",
        (
            clause(
                "因本合同发生争议的，双方先行协商；协商不成的，请求村民委员会、乡（镇）人民政府调解；调解不成的，",
                Filled(DISPUTE[body.terms.dispute]), "。",
            ),
        ),
    )  # fmt: skip


def _special(body: PaperContract) -> Article:
    lines = [line for line in body.terms.special_terms.split("\n") if line.strip()] or ["无"]
    return Article("特别约定", tuple(clause(Filled(line)) for line in lines))


def _standard(heading: str, sentences: Sequence[str]) -> Article:
    return Article(heading, tuple(clause(sentence) for sentence in sentences))


def _signing(body: PaperContract) -> Article:
    return Article(
        "电子签署与核验",
        (
            clause("双方同意以电子形式订立本合同，经各自本人设备确认并电子签名后成立。"),
            clause(
                "每一方以本人专有、仅由本人设备控制的密钥对载有本文件SHA-256摘要的合同内容签名，平台最后签名；"
                "平台不持有当事人的签名密钥，平台单独不能订立合同。签名不写入本页，与本文件一并保存于证据包。"
            ),
            clause(
                "任何人可以离线核验：取得证据包后运行 landseal contract verify 并指定证据包文件；"
                "本文件改动一个字节，核验即告失败。"
            ),
            clause(
                "扫描本合同二维码可以查询合同状态。编号与版本：",
                Filled(f"{body.transfer_id}（第{body.version}版）"),
                "。",
            ),
        ),
    )


def _final(body: PaperContract) -> Article:
    clauses = [
        clause("本合同未尽事宜，由双方另行书面约定；补充协议与本合同具有同等效力。"),
        clause("本合同的电子文本由甲方、乙方、发包方和乡（镇）人民政府各存一份，内容相同。以中文文本为准。"),
        clause(f"权利义务条款代码：{body.terms.rights_and_duties}。"),
    ]
    return Article("附则", tuple(clauses))


def articles(body: PaperContract) -> tuple[Article, ...]:
    """Returns the articles in order; the terms must have passed ``check_terms`` (KeyError for a missing choice)."""
    if body.terms.kind is TransferKind.EXCHANGE:
        middle = [_standard("双方的权利和义务", EXCHANGE_DUTIES)]
    else:
        middle = [
            _standard("甲方的权利和义务", TRANSFEROR_RIGHTS + TRANSFEROR_DUTIES),
            _standard("乙方的权利和义务", TRANSFEREE_RIGHTS + TRANSFEREE_DUTIES),
            _consents(body),
        ]
    head = [_land(body), _use(body), _term(body), _price(body)]
    tail = [_benefits(body), _filing(body)]
    if body.terms.kind is not TransferKind.EXCHANGE:
        tail.append(_changes(body))
    last = [
        _breach(body),
        _standard("不可抗力", FORCE_MAJEURE),
        _disputes(body),
        _special(body),
        _signing(body),
        _final(body),
    ]
    return tuple(head + middle + tail + last)


def shown_parcels(body: PaperContract) -> tuple[tuple[str, Parcel, int], ...]:
    """Every printed parcel with its side (甲方 or 乙方) and the transferred area in square metres."""
    parts = {part.parcel_code: part.area_m2 for part in body.terms.parts}
    ours = tuple(("甲方", each, parts.get(each.code, each.area_m2)) for each in body.parcels)
    return ours + tuple(("乙方", each, each.area_m2) for each in body.exchange_parcels)
