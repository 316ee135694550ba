"""Why this side refuses or cannot go on: what no server said. The server's own reasons are in ``domain/reasons.py``."""

from __future__ import annotations

import enum


class LocalReason(enum.StrEnum):
    """Refusals and failures of the client itself; the names never meet those of the server's catalogue."""

    SERVER_AWAY = "SERVER_AWAY"
    SERVER_ANSWER_ODD = "SERVER_ANSWER_ODD"
    SERVER_KEY_CHANGED = "SERVER_KEY_CHANGED"
    SERVER_NOT_TRUSTED = "SERVER_NOT_TRUSTED"
    NOT_LOGGED_IN = "NOT_LOGGED_IN"
    ACCOUNT_DIFFERS = "ACCOUNT_DIFFERS"
    KEYS_UNREADABLE = "KEYS_UNREADABLE"
    KEYS_EXPOSED = "KEYS_EXPOSED"
    PROFILE_FAULTY = "PROFILE_FAULTY"
    CAMERA_MISSING = "CAMERA_MISSING"
    CAPTURE_FAILED = "CAPTURE_FAILED"
    INSTRUCTION_ALTERED = "INSTRUCTION_ALTERED"
    RECEIPT_NOT_AS_ASKED = "RECEIPT_NOT_AS_ASKED"
    NOTICE_ALTERED = "NOTICE_ALTERED"
    CONTRACT_NOT_AS_ASKED = "CONTRACT_NOT_AS_ASKED"
    PDF_NOT_AS_SIGNED = "PDF_NOT_AS_SIGNED"
    FILE_UNREADABLE = "FILE_UNREADABLE"
    TERMS_FILE_FAULTY = "TERMS_FILE_FAULTY"


SENTENCES: dict[LocalReason, tuple[str, str]] = {
    LocalReason.SERVER_AWAY: ("无法连接服务器。", "The server cannot be reached."),
    LocalReason.SERVER_ANSWER_ODD: ("服务器的回答无法理解，已停止。", "The server's answer makes no sense; stopped."),
    LocalReason.SERVER_KEY_CHANGED: (
        "服务器的密钥与首次连接时不同，已停止。",
        "The server's key is not the one pinned at the first contact; stopped.",
    ),
    LocalReason.SERVER_NOT_TRUSTED: ("尚未信任此服务器。", "This server is not trusted yet."),
    LocalReason.NOT_LOGGED_IN: ("请先登录。", "Please log in first."),
    LocalReason.ACCOUNT_DIFFERS: (
        "服务器回答的账户或设备不是本机的，已停止。",
        "The server answered for another account or device; stopped.",
    ),
    LocalReason.KEYS_UNREADABLE: ("设备密钥无法读取。", "The device's keys cannot be read."),
    LocalReason.KEYS_EXPOSED: (
        "密钥文件可被他人读取，已拒绝使用。",
        "Others may read the key file; it is not used.",
    ),
    LocalReason.PROFILE_FAULTY: ("本机的配置缺失或有误。", "The profile on this machine is missing or faulty."),
    LocalReason.CAMERA_MISSING: ("没有可用的摄像头。", "No camera can be used."),
    LocalReason.CAPTURE_FAILED: ("拍摄未完成。", "The capture was not completed."),
    LocalReason.INSTRUCTION_ALTERED: ("拍摄提示被改动，已停止。", "The instruction was altered on its way; stopped."),
    LocalReason.RECEIPT_NOT_AS_ASKED: (
        "收到的身份识别信息与所请求的不符，已停止。",
        "The identity receipt is not the one asked for; stopped.",
    ),
    LocalReason.NOTICE_ALTERED: (
        "双方身份与显示的不一致，未作确认。",
        "The identities differ from those shown; nothing was confirmed.",
    ),
    LocalReason.CONTRACT_NOT_AS_ASKED: (
        "合同与您要求或看到的不一致，未签名。",
        "The contract differs from what you asked for or saw; nothing was signed.",
    ),
    LocalReason.PDF_NOT_AS_SIGNED: (
        "合同文件与合同内容的摘要不符，未签名。",
        "The PDF is not the one named in the contract; nothing was signed.",
    ),
    LocalReason.FILE_UNREADABLE: ("文件无法读取。", "The file cannot be read."),
    LocalReason.TERMS_FILE_FAULTY: ("条款文件有误。", "The terms file is faulty."),
}
"""Sentence for a person in Simplified Chinese and in English, per reason."""
