"""What a person at a terminal can do about a refusal."""

from __future__ import annotations

from landseal.clients.localreasons import LocalReason
from landseal.server.domain.reasons import Reason

_LOGIN = ("运行 landseal login。", "Run: landseal login")
_AGAIN = ("过一会儿再试。", "Wait a little, then try again.")
_VERIFY = ("重新进行本人验证。", "Verify yourself again.")
_STOP = ("不要继续，请联系平台或村集体核实。", "Do not go on; ask the platform or the collective what happened.")
_NEW_CODE = ("请受让方重新运行 landseal code。", "Ask the transferee to run: landseal code")
_READ = ("运行 landseal transfers 查看当前状态。", "Run: landseal transfers, to see how far it is.")
_MARK = (
    "仅用于演示：在 register 或 contract verify 时加 --allow-mark demo。",
    "For demonstrations only: add --allow-mark demo to register or to contract verify.",
)

HINTS: dict[Reason | LocalReason, tuple[str, str]] = {
    LocalReason.SERVER_AWAY: (
        "检查网络和服务器地址；证书不符时也会如此。",
        "Check the network and the address; a certificate that does not fit looks the same.",
    ),
    LocalReason.SERVER_NOT_TRUSTED: (
        "运行 landseal register，并用 --trust-certificate 给出服务器证书。",
        "Run landseal register with --trust-certificate FILE (or --trust-on-first-use).",
    ),
    LocalReason.SERVER_KEY_CHANGED: _STOP,
    LocalReason.SERVER_ANSWER_ODD: ("客户端可能过旧，请升级。", "This client may be too old; update it."),
    LocalReason.NOT_LOGGED_IN: _LOGIN,
    LocalReason.ACCOUNT_DIFFERS: _STOP,
    LocalReason.INSTRUCTION_ALTERED: _STOP,
    LocalReason.RECEIPT_NOT_AS_ASKED: _STOP,
    LocalReason.NOTICE_ALTERED: _STOP,
    LocalReason.CONTRACT_NOT_AS_ASKED: _STOP,
    LocalReason.PDF_NOT_AS_SIGNED: _STOP,
    LocalReason.KEYS_EXPOSED: ("运行 chmod 600 密钥文件。", "Run chmod 600 on the key file."),
    LocalReason.KEYS_UNREADABLE: (
        "密钥有口令时设置环境变量 LANDSEAL_PASSPHRASE。",
        "If the keys have a passphrase, set the variable LANDSEAL_PASSPHRASE.",
    ),
    LocalReason.CAMERA_MISSING: (
        "连接摄像头，或用 --camera files:目录（仅演示）。",
        "Connect a camera, or use --camera files:DIR or puppet:IMAGE (demonstrations only).",
    ),
    LocalReason.TERMS_FILE_FAULTY: (
        "用 landseal terms-template > terms.json 得到模板。",
        "Run landseal terms-template > terms.json for a template.",
    ),
    Reason.DEMO_MARK_REFUSED: _MARK,
    Reason.TOKEN_MISSING: _LOGIN,
    Reason.TOKEN_INVALID: _LOGIN,
    Reason.SESSION_EXPIRED: _LOGIN,
    Reason.SESSION_REPLACED: (
        "若不是您本人登录，请立即修改密码；否则运行 landseal login。",
        "If that was not you, change your password at once; otherwise run: landseal login",
    ),
    Reason.SESSION_ENDED: _LOGIN,
    Reason.CALL_SIGNATURE_INVALID: ("检查本机时钟，然后重新登录。", "Check this machine's clock, then log in again."),
    Reason.LOGIN_REFUSED: ("检查登录名和密码。", "Check the login name and the password."),
    Reason.REGISTRATION_REFUSED: (
        "向村集体核对姓名、身份证号和登记码。",
        "Check name, ID number and registration code with the collective.",
    ),
    Reason.RECEIPT_EXPIRED: _VERIFY,
    Reason.RECEIPT_USED: _VERIFY,
    Reason.RECEIPT_INVALID: _VERIFY,
    Reason.CHALLENGE_EXPIRED: _VERIFY,
    Reason.CHALLENGE_USED: _VERIFY,
    Reason.CODE_INVALID: _NEW_CODE,
    Reason.CODE_EXPIRED: _NEW_CODE,
    Reason.NOTICE_REQUIRED: (
        "先运行 landseal scan 确认双方身份。",
        "Run landseal scan first and confirm both identities.",
    ),
    Reason.VERSION_STALE: _READ,
    Reason.STATE_FORBIDS: _READ,
    Reason.TERMS_INVALID: ("按上表补全条款文件。", "Complete the terms file as listed."),
    Reason.CAPTURE_SOURCE_REFUSED: ("使用 --camera webcam。", "Use --camera webcam."),
    Reason.RATE_LIMITED: _AGAIN,
    Reason.OVERLOADED: _AGAIN,
    Reason.DATABASE_AWAY: _AGAIN,
    Reason.FACE_ENGINE_AWAY: _AGAIN,
    Reason.DEADLINE_EXCEEDED: _AGAIN,
    Reason.ATTEMPTS_EXHAUSTED: _AGAIN,
}


def hint(reason: Reason | LocalReason, lang: str) -> str:
    """Returns what to do, ``zh`` or ``en``; empty when there is nothing to say."""
    return HINTS.get(reason, ("", ""))[0 if lang == "zh" else 1]
