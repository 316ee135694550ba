"""The instruction as people read it; the only place where it is put into words."""

from __future__ import annotations

from landseal.server.domain.records import Verification
from landseal.server.domain.signing import instruction_digest
from landseal.verification.v1 import verification_pb2 as pb

WORDS = {
    pb.MOUTH_SHAPE_OPEN: ("张大嘴", "open your mouth wide"),
    pb.MOUTH_SHAPE_ROUND: ("嘟起嘴", "round your lips as for “oo”"),
    pb.MOUTH_SHAPE_SPREAD: ("咧开嘴", "spread your lips as for “ee”"),
    pb.MOUTH_SHAPE_CLOSED: ("闭上嘴", "close your mouth"),
}
"""What each shape is called in Chinese and English."""


def instruction(it: Verification) -> pb.Instruction:
    """Converts an instruction, with its sentences and its digest."""
    shapes = [(pb.MouthShape.ValueType(shape), hold_ms) for shape, hold_ms in it.actions]
    return pb.Instruction(
        lead_in_ms=it.lead_in_ms,
        actions=[pb.LipAction(shape=shape, hold_ms=hold_ms) for shape, hold_ms in shapes],
        frame_interval_ms=it.frame_interval_ms,
        frame_count=it.frame_count,
        text_zh=f"先放松{_s(it.lead_in_ms)}秒，然后依次"
        + "、".join(f"{WORDS[shape][0]}{_s(hold_ms)}秒" for shape, hold_ms in shapes)
        + "。",
        text_en=f"Relax for {_s(it.lead_in_ms)} s, then "
        + ", then ".join(f"{WORDS[shape][1]} for {_s(hold_ms)} s" for shape, hold_ms in shapes)
        + ".",
        digest=instruction_digest(it.lead_in_ms, it.frame_interval_ms, it.frame_count, it.actions),
    )


def _s(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g}"
