from __future__ import annotations

import dataclasses
import datetime as dt
import io
import os
import time
from pathlib import Path
from typing import Any, cast

import pypdf
import pytest
from support.land import OTHER, OWNER, exchange, lease, paper, parcel

from landseal.clients.qr import read_qr
from landseal.server.domain.rent import instalments, transferred_area_m2
from landseal.server.domain.rmb import capital_amount, chinese_date, digit_amount, digit_date
from landseal.server.domain.terms import CompensationTo, ContractTerms, RentBasis, TransferKind
from landseal.server.papers.body import PaperContract, PaperFault, PaperFaultCode, PaperParty
from landseal.server.papers.clauses import articles
from landseal.server.papers.contract_pdf import DEMO_MARK, preview_contract, render_contract
from landseal.server.papers.sketch import parcel_sketch
from landseal.server.papers.wording import masked_key

NOW = dt.datetime(2026, 11, 22, 8, 30, tzinfo=dt.UTC)
FONT_NAME = "NotoSerifCJKsc-Regular.otf"


@pytest.fixture(scope="module")
def font() -> Path:
    home = os.environ.get("LANDSEAL_HOME", "/var/lib/landseal")
    folders = [*os.environ.get("LANDSEAL_MODEL_CACHE", "").split(os.pathsep), f"{home}/models"]
    found = [path for folder in folders if folder for path in sorted(Path(folder).rglob(FONT_NAME))]
    if not found:
        pytest.skip("the font is not provisioned")
    return found[0]


def render(body: PaperContract, font: Path, *, demo: bool = False) -> bytes:
    return render_contract(body, font, marked_demo=demo, timestamp=NOW)


def text_of(pdf: bytes) -> str:
    """All text without blanks and line breaks, because readers place them differently."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return "".join("".join(page.extract_text().split()) for page in pages)


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_every_mandatory_term_can_be_found_by_another_library(font: Path) -> None:
    body = paper()
    text, terms = text_of(render(body, font)), body.terms
    dates = (terms.start_date, terms.end_date, terms.delivery_date, terms.first_payment_date)
    paid = instalments(terms, transferred_area_m2(terms, body.parcels))
    wanted = [
        *("王大山", OWNER, "欧阳春梅", OTHER, terms.transferor_domicile, terms.transferee_domicile),
        *("13800001111", "13900002222", body.contract_number, body.transfer_id),
        *(value for each in body.parcels for value in (each.code, each.name, each.collective + each.village_group)),
        *("东至：水渠", "南至：李四承包地", "西至：村道", "北至：陡坎", "3.79亩", "2,529平方米", "7.59亩", "6等"),
        *(digit_date(day) for day in dates if day), *(chinese_date(day) for day in dates if day),
        *("粮食作物种植", terms.use_note, "永久基本农田"),
        *("甲方的权利和义务", "乙方的权利和义务", terms.rights_and_duties),
        *(digit_amount(each.amount_fen) for each in paid), *(capital_amount(each.amount_fen) for each in paid),
        *("¥800.00", "人民币捌佰元整", "按年支付", terms.payee_account), "青苗的补偿费归乙方所有", "万分之5（五）",
        *("违约责任", "仲裁委员会申请仲裁", "不可抗力", "特别约定", "landsealcontractverify", "不构成法律意见"),
        *terms.special_terms.split("\n"), "汶川县水磨镇老人村，代码51322110020301", "第1页",
    ]  # fmt: skip
    assert [each for each in wanted if squeezed(each) not in text] == []


def test_the_same_contract_gives_the_same_bytes(font: Path) -> None:
    first = render(paper(), font)
    assert first == render(paper(), font)
    assert first != render(paper(version=3), font)
    assert first != render(paper(), font, demo=True)


def test_it_is_an_archive_pdf_with_one_embedded_font(font: Path) -> None:
    pdf = render(paper(), font)
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf.replace(b"\n", b"")
    resources = [cast("dict[str, Any]", page["/Resources"].get_object()) for page in reader.pages]
    fonts = {str(each.get_object()["/BaseFont"]).split("+")[-1] for one in resources for each in one["/Font"].values()}
    assert {name.split("-Identity")[0] for name in fonts} == {"NotoSerifCJKsc-Regular"}
    assert len(pdf) < 400_000


def test_the_mark_of_a_demonstration_stands_on_every_page(font: Path) -> None:
    for demo in (True, False):
        pages = pypdf.PdfReader(io.BytesIO(render(paper(), font, demo=demo))).pages
        assert all((squeezed(DEMO_MARK) in squeezed(page.extract_text())) is demo for page in pages)


HOSTILE = '#read("/etc/passwd") $x$ *b* _i_ @ref <l> `c` \\u{41} // /* [a] #let x = 1; = H - l + n'


def test_what_people_typed_is_never_read_as_markup(font: Path) -> None:
    terms = lease(special_terms=HOSTILE, use_note=HOSTILE, transferor_domicile=HOSTILE)
    party = PaperParty(HOSTILE, OWNER, "ab" * 16)
    text = text_of(render(paper(terms=terms, transferor=party, parcels=(parcel(name=HOSTILE, east=HOSTILE),)), font))
    assert text.count(squeezed(HOSTILE)) >= 4
    assert "root:" not in text


@pytest.mark.parametrize("name", ["张😀", "\U000300ed", "ﷺ", "\ud800", "\ue000"])
def test_a_character_without_a_glyph_is_a_fault_of_its_own(font: Path, name: str) -> None:
    with pytest.raises(PaperFault) as caught:
        render(paper(transferee=PaperParty(name, OTHER, "ab" * 16)), font)
    assert caught.value.code is PaperFaultCode.MISSING_GLYPH
    assert "张" not in str(caught.value)


def test_incomplete_terms_are_not_printed(font: Path) -> None:
    with pytest.raises(PaperFault) as caught:
        render(paper(terms=ContractTerms(kind=TransferKind.LEASE)), font)
    assert caught.value.code is PaperFaultCode.INCOMPLETE


def test_a_folder_without_the_font_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PaperFault) as caught:
        render(paper(), tmp_path / FONT_NAME)
    assert caught.value.code is PaperFaultCode.FONT


def test_too_many_parcels_or_too_much_text_is_refused(font: Path) -> None:
    for body in (paper(parcels=tuple(map(parcel, range(1, 202)))), paper(parcels=()),
                 paper(terms=lease(special_terms="长" * 1_000_000))):  # fmt: skip
        with pytest.raises(PaperFault) as caught:
            render(body, font)
        assert caught.value.code is PaperFaultCode.TOO_LARGE


def test_the_largest_contract_is_written_in_seconds(font: Path) -> None:
    terms = lease(special_terms="\n".join("长" * 19 for _ in range(100)), attached_assets="井" * 500)
    began = time.monotonic()
    pdf = render(paper(terms=terms, parcels=tuple(map(parcel, range(1, 101)))), font)
    assert time.monotonic() - began < 30
    assert len(pdf) < 2_000_000


def test_the_code_on_the_page_is_the_trace_code(font: Path) -> None:
    page = preview_contract(paper(), font, marked_demo=False, timestamp=NOW)[0]
    assert read_qr(page) == paper().trace_payload


def test_an_exchange_lists_both_sides_and_knows_no_rent(font: Path) -> None:
    theirs = parcel(7, owner_id_number=OTHER)
    text = text_of(render(paper(terms=exchange(), exchange_parcels=(theirs,)), font))
    for wanted in (
        "土地承包经营权互换合同",
        theirs.code,
        "同一集体经济组织",
        "不支付差价",
        "对等办理",
        "双方的权利和义务",
        "权利方",
    ):
        assert wanted in text
    assert "承租方" not in text


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"rent_basis": RentBasis.CASH_TOTAL, "rent_fen": 3_000_005}, "人民币叁万元零伍分"),
        ({"rent_basis": RentBasis.IN_KIND, "rent_fen": 0, "in_kind_crop": "稻谷", "in_kind_kg_per_mu_year": 300,
          "in_kind_conversion": "按收购价"}, "每亩每年300千克"),
        ({"compensation": CompensationTo.SHARED, "compensation_note": "各半"}, "由双方按下列办法分配：各半"),
        ({"rent_adjust_every_years": 3, "rent_adjust_note": "随粮价"}, "价款每3年调整一次"),
        ({"rent_basis": RentBasis.FREE, "rent_fen": 0}, "赔偿由此造成的实际损失"),
        ({"kind": TransferKind.SUBCONTRACT}, "转包"), ({"special_terms": ""}, "特别约定无"),
    ],
)  # fmt: skip
def test_each_choice_has_its_words(font: Path, change: dict[str, object], wanted: str) -> None:
    assert wanted in text_of(render(paper(terms=lease(**change)), font))


def test_articles_never_lack_a_heading_or_words() -> None:
    for body in (paper(), paper(terms=exchange())):
        assert all(each.heading and each.clauses for each in articles(body))


def test_keys_are_shown_by_their_ends_and_sketches_need_an_outline() -> None:
    assert masked_key("a1b2c3d4e5f6") == "a1b2…e5f6"
    assert parcel_sketch(parcel(polygons=())) is None
    sketch = parcel_sketch(parcel())
    assert sketch is not None
    assert sketch.bar_m == 10
    assert parcel_sketch(dataclasses.replace(parcel())) == sketch
