"""The contract as PDF/A-2b, typeset by typst from data; the same contract gives the same bytes.

What people typed reaches the template as JSON strings and is never read as markup. Fonts of the system are ignored;
a character that the given font lacks is an error, because a contract must not show boxes instead of a name.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from importlib import resources
from pathlib import Path

import typst

from landseal.server.domain.parcel import LAND_USE_ZH
from landseal.server.domain.qrcodes import QrFault
from landseal.server.domain.rent import instalments, transferred_area_m2
from landseal.server.domain.rmb import capital_amount, digit_amount, digit_date, mu_text
from landseal.server.papers.body import PaperContract, PaperFault, PaperFaultCode, PaperParty
from landseal.server.papers.clauses import articles, shown_parcels
from landseal.server.papers.qr import qr_svg
from landseal.server.papers.sketch import parcel_sketch
from landseal.server.papers.wording import KIND, Clause, Filled, masked_key

FONT_FAMILY = "Noto Serif CJK SC"
MAX_PDF_BYTES = 4 * 1024 * 1024
MAX_DATA_BYTES = 2 * 1024 * 1024
"""JSON given to the template; 200 parcels with outlines stay below it."""
MAX_PARCELS = 200
DEMO_MARK = "演示 DEMO – 无法律效力"
_CODE_POINT_LIMIT = 8


def render_contract(body: PaperContract, font_path: Path, *, marked_demo: bool, timestamp: dt.datetime) -> bytes:
    """Writes the contract; about 0.2 s for a few parcels.

    ``timestamp`` (aware) becomes the PDF's creation date. ``marked_demo`` puts :data:`DEMO_MARK` across every page.
    The terms must have passed ``check_terms``.

    Raises:
        PaperFault: font missing, a character without a glyph, too much text, incomplete terms.
    """
    return _typeset(_data(body, marked_demo), font_path, timestamp, "pdf")[0]


def preview_contract(
    body: PaperContract, font_path: Path, *, marked_demo: bool, timestamp: dt.datetime
) -> tuple[bytes, ...]:
    """Renders the same pages as PNG (144 dots per inch), for reading on a screen. Raises PaperFault as above."""
    return _typeset(_data(body, marked_demo), font_path, timestamp, "png")


def _data(body: PaperContract, marked_demo: bool) -> str:
    if not body.parcels or len(body.parcels) + len(body.exchange_parcels) > MAX_PARCELS:
        raise PaperFault(PaperFaultCode.TOO_LARGE, "number of parcels")
    try:
        data = json.dumps(_layout(body, marked_demo), ensure_ascii=False)
    except (KeyError, ValueError) as error:
        cause = "qr" if isinstance(error, QrFault) else "terms"
        raise PaperFault(PaperFaultCode.INCOMPLETE, cause) from None
    if len(data.encode("utf-8", "surrogatepass")) > MAX_DATA_BYTES:
        raise PaperFault(PaperFaultCode.TOO_LARGE, "text")
    return data


def _layout(body: PaperContract, marked_demo: bool) -> dict[str, object]:
    words, terms = KIND[body.terms.kind], body.terms
    return {
        "title": words.title,
        "number": body.contract_number,
        "demo": DEMO_MARK if marked_demo else "",
        "qr": qr_svg(body.trace_payload),
        "parties": [
            _party("甲方", words.transferor, body.transferor, terms.transferor_domicile, terms.transferor_phone),
            _party("乙方", words.transferee, body.transferee, terms.transferee_domicile, terms.transferee_phone),
        ],
        "articles": [
            {"heading": each.heading, "clauses": [_runs(clause) for clause in each.clauses], "table": each.table}
            for each in articles(body)
        ],
        "parcels": _parcels(body),
        "two_sides": bool(body.exchange_parcels),
        "instalments": _instalments(body),
        "sketches": _sketches(body),
        "platform": body.platform_name,
        "platform_key": masked_key(body.platform_key_id),
    }


def _runs(clause: Clause) -> list[dict[str, str]]:
    return [{"v": each.text} if isinstance(each, Filled) else {"t": each} for each in clause]


def _party(side: str, role: str, party: PaperParty, domicile: str, phone: str) -> dict[str, str]:
    return {
        "side": side,
        "role": role,
        "name": party.name,
        "id_number": party.id_number,
        "domicile": domicile,
        "phone": phone or "未填",
        "key": masked_key(party.key_id),
    }


def _parcels(body: PaperContract) -> list[dict[str, str]]:
    return [
        {
            "side": side,
            "code": parcel.code,
            "name": parcel.name,
            "place": parcel.collective + parcel.village_group,
            "east": parcel.east,
            "south": parcel.south,
            "west": parcel.west,
            "north": parcel.north,
            "mu": mu_text(area),
            "m2": f"{area:,}",
            "part": f"（整宗{mu_text(parcel.area_m2)}亩之部分）" if area != parcel.area_m2 else "",
            "grade": f"{parcel.quality_grade}等",
            "land_use": LAND_USE_ZH[parcel.land_use],
        }
        for side, parcel, area in shown_parcels(body)
    ]


def _instalments(body: PaperContract) -> list[dict[str, str]]:
    return [
        {
            "number": str(each.number),
            "due": digit_date(each.due_date),
            "period": f"{digit_date(each.period_start)}至{digit_date(each.period_end)}",
            "amount": digit_amount(each.amount_fen),
            "capitals": capital_amount(each.amount_fen),
        }
        for each in instalments(body.terms, transferred_area_m2(body.terms, body.parcels))
    ]


def _sketches(body: PaperContract) -> list[dict[str, str]]:
    drawn = ((side, parcel, parcel_sketch(parcel)) for side, parcel, _ in shown_parcels(body))
    return [
        {"svg": sketch.svg, "name": f"{side}　{parcel.name}", "code": parcel.code, "bar": f"标尺{sketch.bar_m}米"}
        for side, parcel, sketch in drawn
        if sketch
    ]


def _fonts(font_path: Path) -> typst.Fonts:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_path.parent)])
    ours = [each for each in fonts.fonts() if each.family == FONT_FAMILY]
    if len(ours) != 1 or ours[0].path is None or Path(ours[0].path).name != font_path.name:
        raise PaperFault(
            PaperFaultCode.FONT, f"{FONT_FAMILY} must be the one font of that name beside {font_path.name}"
        )
    return fonts


def _typeset(data: str, font_path: Path, timestamp: dt.datetime, kind: typst.OutputFormat) -> tuple[bytes, ...]:
    template = resources.files(__package__).joinpath("contract.typ").read_bytes()
    fonts = _fonts(font_path)
    try:
        out = typst.compile(
            template,
            font_paths=fonts,
            ignore_system_fonts=True,
            format=kind,
            sys_inputs={"data": data},
            pdf_standards=["a-2b"] if kind == "pdf" else [],
            timestamp=int(timestamp.timestamp()),
        )
    except (typst.TypstError, UnicodeError) as error:
        raise _fault(error) from None
    pages = tuple(out) if isinstance(out, list) else (out or b"",)
    if not all(pages) or sum(map(len, pages)) > MAX_PDF_BYTES * (1 if kind == "pdf" else 16):
        raise PaperFault(PaperFaultCode.TOO_LARGE, "document")
    return pages


def _fault(error: Exception) -> PaperFault:
    """Reads typst's sentence about a missing glyph; the rest may hold the contract's text and is dropped."""
    missing = re.search(r'the text `"(.+?)"` could not be displayed', str(error), re.DOTALL)
    if missing or isinstance(error, UnicodeError):
        text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda hit: chr(int(hit[1], 16)), missing[1]) if missing else ""
        return PaperFault(
            PaperFaultCode.MISSING_GLYPH, " ".join(f"U+{ord(each):04X}" for each in text[:_CODE_POINT_LIMIT])
        )
    return PaperFault(PaperFaultCode.TYPESETTING)
