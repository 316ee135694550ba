"""The names of the reason catalogue; sentences, codes and samples live with the enum in ``common/v1/reason.proto``."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """Why something was refused or failed; a test holds these names equal to those of the proto."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        return name

    PASSED = enum.auto()
    FRAME_UNREADABLE = enum.auto()
    FACE_NOT_FOUND = enum.auto()
    SEVERAL_FACES = enum.auto()
    FACE_TOO_SMALL = enum.auto()
    FACE_CUT_OFF = enum.auto()
    LIGHT_UNSUITABLE = enum.auto()
    IMAGE_BLURRED = enum.auto()
    TOO_FEW_FRAMES = enum.auto()
    CAPTURE_TIMES_IMPLAUSIBLE = enum.auto()
    LIP_MOTION_ABSENT = enum.auto()
    LIP_SHAPES_WRONG = enum.auto()
    LIP_AMPLITUDE_TOO_SMALL = enum.auto()
    LIP_ORDER_WRONG = enum.auto()
    MOTION_NOT_CONTINUOUS = enum.auto()
    FRAMES_REPEATED = enum.auto()
    SPOOF_SUSPECTED = enum.auto()
    IDENTITY_CHANGED = enum.auto()
    BURST_REPLAYED = enum.auto()
    FACE_NOT_MATCHED = enum.auto()

    CONTRACT_ALTERED = enum.auto()
    PARTY_SIGNATURE_INVALID = enum.auto()
    PLATFORM_SIGNATURE_INVALID = enum.auto()
    DEMO_MARK_REFUSED = enum.auto()
    RECEIPT_SIGNATURE_INVALID = enum.auto()

    INTERNAL = enum.auto()
    REQUEST_INVALID = enum.auto()
    REQUEST_ID_REUSED = enum.auto()
    DEADLINE_EXCEEDED = enum.auto()
    OVERLOADED = enum.auto()
    DATABASE_AWAY = enum.auto()
    FACE_ENGINE_AWAY = enum.auto()
    NOT_YOURS = enum.auto()
    STATE_FORBIDS = enum.auto()
    RATE_LIMITED = enum.auto()

    TOKEN_MISSING = enum.auto()
    TOKEN_INVALID = enum.auto()
    SESSION_EXPIRED = enum.auto()
    SESSION_REPLACED = enum.auto()
    SESSION_ENDED = enum.auto()
    CALL_SIGNATURE_INVALID = enum.auto()
    LOGIN_REFUSED = enum.auto()
    REGISTRATION_REFUSED = enum.auto()
    LOGIN_NAME_TAKEN = enum.auto()
    KEY_INVALID = enum.auto()

    UPLOAD_OFFSET_WRONG = enum.auto()
    UPLOAD_DIGEST_WRONG = enum.auto()
    UPLOAD_INCOMPLETE = enum.auto()
    UPLOAD_GONE = enum.auto()
    BURST_MALFORMED = enum.auto()
    CAPTURE_CHAIN_WRONG = enum.auto()
    CAPTURE_SIGNATURE_INVALID = enum.auto()
    CHALLENGE_EXPIRED = enum.auto()
    CHALLENGE_USED = enum.auto()
    ATTEMPTS_EXHAUSTED = enum.auto()
    NOTICE_REQUIRED = enum.auto()
    CAPTURE_SOURCE_REFUSED = enum.auto()
    FACE_SCOPE_TOO_LARGE = enum.auto()
    SILENT_LIVENESS_REQUIRED = enum.auto()

    RECEIPT_INVALID = enum.auto()
    RECEIPT_EXPIRED = enum.auto()
    RECEIPT_IDENTITY_MISMATCH = enum.auto()
    RECEIPT_USED = enum.auto()

    CODE_INVALID = enum.auto()
    CODE_EXPIRED = enum.auto()
    SAME_PERSON = enum.auto()
    SAME_DEVICE = enum.auto()
    IDENTITIES_NOT_CONFIRMED = enum.auto()
    TERMS_INVALID = enum.auto()
    PARCEL_NOT_YOURS = enum.auto()
    PARCEL_TAKEN = enum.auto()
    VERSION_STALE = enum.auto()
    OFFER_EXPIRED = enum.auto()
    PAPER_IMPOSSIBLE = enum.auto()

    IMPORT_FAULTY = enum.auto()
