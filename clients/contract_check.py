"""Checks a concluded contract offline: trust comes from this side (a pinned platform key), every doubt is a refusal.

The checks are numbered as they are made; each names what it stops. None runs on what an earlier one refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from landseal.clients import body_check, convert
from landseal.clients.errors import LandsealError, sentence
from landseal.clients.keys import is_signed, party_of, sha256
from landseal.clients.receipt_check import is_issued_by, unmarked_fault
from landseal.contract.v1 import contract_pb2
from landseal.server.domain.contract import Contract, PartySignature, Role
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.reasons import Reason
from landseal.server.domain.receipts import Binding, Purpose
from landseal.server.domain.signing import contract_bytes, identity_digest, platform_bytes
from landseal.server.domain.times import millis
from landseal.server.domain.transfer import OFFER_LIFETIME


@dataclass(frozen=True)
class Check:
    """One check that was made, with a sentence of what it means."""

    name: str
    passed: bool
    zh: str
    en: str


@dataclass(frozen=True)
class Report:
    """All checks made, in order; the last one is the only one that may have failed."""

    reason: Reason
    checks: tuple[Check, ...]
    contract: Contract | None = None
    """The contract, only when PASSED."""

    @property
    def passed(self) -> bool:
        """Tells whether every check was made and passed."""
        return self.reason is Reason.PASSED

    def message(self, lang: str = "zh") -> str:
        """Returns the sentence of the reason, ``zh`` or ``en``."""
        return sentence(self.reason, lang)


@dataclass(frozen=True)
class _Case:
    contract: Contract
    stated_digest: bytes
    pdf: bytes
    trusted: PublicKey
    allow_mark: str

    @property
    def signatures(self) -> tuple[tuple[Role, PartySignature], ...]:
        held = self.contract
        return ((Role.TRANSFEROR, held.transferor_signature), (Role.TRANSFEREE, held.transferee_signature))


def check_contract_file(data: bytes, pdf: bytes, server_key: PublicKey, *, allow_mark: str = "") -> Report:
    """Checks a saved contract (a serialised ``contract.v1.Contract``) and its PDF, byte for byte.

    ``server_key`` is the platform's key that the verifier trusts. ``allow_mark`` names the one mark (``demo``,
    ``loadtest``) that the verifier accepts; without it marked contracts are refused.
    """
    form = ("form", "文件的每个字节都有意义。", "Every byte of the file has a meaning.")
    try:
        message = contract_pb2.Contract.FromString(data)
    except DecodeError:
        return Report(Reason.CONTRACT_ALTERED, (Check(form[0], False, *form[1:]),))
    if message.SerializeToString(deterministic=True) != data or _has_unknown(message):
        return Report(Reason.CONTRACT_ALTERED, (Check(form[0], False, *form[1:]),))
    return check_contract(message, pdf, server_key, allow_mark=allow_mark)


def check_contract(
    message: contract_pb2.Contract, pdf: bytes, server_key: PublicKey, *, allow_mark: str = ""
) -> Report:
    """Checks a contract as a server returned it; see :func:`check_contract_file`."""
    try:
        contract = convert.contract(message)
        contract.body.digest()
    except (LandsealError, ValueError, TypeError):
        return Report(Reason.CONTRACT_ALTERED, (Check("form", False, "合同可以读懂。", "The contract can be read."),))
    case = _Case(contract, message.terms_digest, pdf, server_key, allow_mark)
    made = [Check("form", True, "合同可以读懂。", "The contract can be read.")]
    for name, reason, test, zh, en in _CHECKS:
        made.append(Check(name, test(case), zh, en))
        if not made[-1].passed:
            return Report(reason, tuple(made))
    return Report(Reason.PASSED, tuple(made), contract)


def _has_unknown(message: contract_pb2.Contract) -> bool:
    """Tells whether fields are there that this version does not know, at any depth: they would escape every check."""
    bare = contract_pb2.Contract()
    bare.CopyFrom(message)
    bare.DiscardUnknownFields()
    return bare.SerializeToString(deterministic=True) != message.SerializeToString(deterministic=True)


def _platform_key(case: _Case) -> bool:
    """Step 1: a package wholly re-signed by another platform."""
    keys = {case.contract.server_key.key_id, case.contract.body.server_key_id}
    return case.contract.server_key == case.trusted and keys == {case.trusted.key_id}


def _digest(case: _Case) -> bool:
    """Step 2: a changed term, number, date or name."""
    return case.contract.body.digest() == case.stated_digest


def _paper(case: _Case) -> bool:
    """Step 3: a PDF that says something else."""
    return sha256(case.pdf) == case.contract.body.document_sha256


def _identities(case: _Case) -> bool:
    """Step 4: one person's number written in two ways, or no person's number."""
    return body_check.has_normal_identities(case.contract.body)


def _two_people(case: _Case) -> bool:
    """Step 5: one person, one key or one device on both sides, and the platform as a party."""
    body, receipts = case.contract.body, [signed.receipt for _, signed in case.signatures]
    one, two = body.transferor, body.transferee
    return (
        one.account_id != two.account_id
        and one.id_number != two.id_number
        and len({one.sign_key.key, two.sign_key.key, case.trusted.key}) == 3
        and len({each.receipt_id for each in receipts}) == 2
        and len({each.auth_key_id for each in receipts} | {one.sign_key.key_id, two.sign_key.key_id}) == 4
        and case.trusted.key_id not in {each.auth_key_id for each in receipts}
        and all((one.account_id, two.account_id, one.legal_name, two.legal_name, one.id_number, two.id_number))
    )


def _parcels(case: _Case) -> bool:
    """Step 6: a contract about no land, about land twice, or about land that no registry's record stands for."""
    return body_check.has_whole_parcels(case.contract.body)


def _terms(case: _Case) -> bool:
    """Step 7: a contract without what the law demands of it."""
    return body_check.has_complete_terms(case.contract.body)


def _parties(case: _Case) -> bool:
    """Step 8: a missing signature, one by another key, or one made for another side, receipt or transfer."""
    return all(_party(case, role, signed) for role, signed in case.signatures)


def _party(case: _Case, role: Role, signed: PartySignature) -> bool:
    body = case.contract.body
    party = party_of(body, role)
    message = contract_bytes(
        case.trusted.key_id,
        party.account_id,
        party.sign_key.key_id,
        body.transfer_id,
        int(role),
        body.digest(),
        signed.receipt.digest(),
    )
    return signed.role is role and is_signed(party.sign_key, message, signed.signature)


def _receipts(case: _Case) -> bool:
    """Step 9: a signature without a living, recognised person behind it, or with a receipt for something else."""
    return all(_receipt(case, role, signed) for role, signed in case.signatures)


def _receipt(case: _Case, role: Role, signed: PartySignature) -> bool:
    body, receipt, concluded = case.contract.body, signed.receipt, case.contract.conclude_time
    party = party_of(body, role)
    # the transferee's receipt is used in the moment of conclusion, the transferor's when the offer was made
    in_window = receipt.issue_time <= concluded and (
        concluded <= receipt.expire_time
        if role is Role.TRANSFEREE
        else concluded - receipt.issue_time <= OFFER_LIFETIME
    )
    return (
        is_issued_by(receipt, case.trusted)
        and receipt.purpose is Purpose.SIGN
        and receipt.binding == Binding(body.transfer_id, body.version, body.digest())
        and receipt.account_id == party.account_id
        and receipt.identity_digest == identity_digest(party.legal_name, party.id_number)
        and in_window
    )


def _platform(case: _Case) -> bool:
    """Step 10: a contract that the platform never concluded, or concluded after the offer had expired."""
    held = case.contract
    first, second = held.transferor_signature, held.transferee_signature
    message = platform_bytes(
        case.trusted.key_id,
        held.contract_id,
        held.body.digest(),
        (first.signature, second.signature),
        (first.receipt.digest(), second.receipt.digest()),
        millis(held.conclude_time),
    )
    in_time = (
        first.receipt.issue_time <= second.receipt.issue_time and held.conclude_time <= held.body.offer_expire_time
    )
    return in_time and is_signed(case.trusted, message, held.platform_signature)


def _mark(case: _Case) -> bool:
    """Step 11: a demonstration passed off as a contract."""
    marks = {case.contract.body.mark, *(signed.receipt.mark for _, signed in case.signatures)}
    return marks == {""} or (bool(case.allow_mark) and marks == {case.allow_mark})


def _liveness(case: _Case) -> bool:
    """Step 12: a receipt for frames from files, or without silent liveness, that bears no mark."""
    return not any(unmarked_fault(signed.receipt) for _, signed in case.signatures)


_Row = tuple[str, Reason, Callable[[_Case], bool], str, str]
_CHECKS: tuple[_Row, ...] = (
    ("platform-key", Reason.PLATFORM_SIGNATURE_INVALID, _platform_key,
     "合同由您信任的平台签发。", "The contract is by the platform that you trust."),
    ("digest", Reason.CONTRACT_ALTERED, _digest,
     "合同内容与摘要一致。", "The contract's content has the stated digest."),
    ("paper", Reason.CONTRACT_ALTERED, _paper,
     "PDF 就是双方签署的那一份。", "The PDF is the one that both parties signed."),
    ("identities", Reason.PARTY_SIGNATURE_INVALID, _identities,
     "双方的身份证号有效，写法规范。", "Both ID numbers are valid and in their normal form."),
    ("two-people", Reason.PARTY_SIGNATURE_INVALID, _two_people,
     "双方是不同的人，使用不同的设备和密钥。", "The parties are two people with devices and keys of their own."),
    ("parcels", Reason.CONTRACT_ALTERED, _parcels,
     "每个地块有代码、面积和登记摘要，且只出现一次。",
     "Each parcel has its code, its area and its record's digest, and stands there once."),
    ("terms", Reason.CONTRACT_ALTERED, _terms,
     "法律要求的条款齐全。", "The terms that the law demands are complete."),
    ("parties", Reason.PARTY_SIGNATURE_INVALID, _parties,
     "双方都用自己的设备签了名。", "Both parties signed with their own devices."),
    ("receipts", Reason.RECEIPT_SIGNATURE_INVALID, _receipts,
     "双方签名时都经过本人验证。", "Both parties were verified in person when they signed."),
    ("platform", Reason.PLATFORM_SIGNATURE_INVALID, _platform,
     "平台在要约有效期内最后签名。", "The platform signed last, while the offer stood."),
    ("mark", Reason.DEMO_MARK_REFUSED, _mark,
     "不是演示数据，或您指明接受演示数据。", "It is no demonstration, or you asked for demonstrations by name."),
    ("liveness", Reason.RECEIPT_SIGNATURE_INVALID, _liveness,
     "双方都在摄像头前通过静默和动作活体检测（演示数据除外）。",
     "Both passed silent and active liveness before a camera (demonstrations excepted)."),
)  # fmt: skip
