"""From a code to a contract: both sides of a transfer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from landseal.clients import convert
from landseal.clients.calls import Calls, new_request_id
from landseal.clients.channel import VERIFICATION_TIMEOUT_S
from landseal.clients.contract_check import check_contract
from landseal.clients.counterparties import Counterparties, Sides, sides_of
from landseal.clients.errors import LandsealError
from landseal.clients.localreasons import LocalReason
from landseal.clients.review import Myself, Review, Wish, review
from landseal.common.v1 import common_pb2
from landseal.contract.v1 import contract_pb2
from landseal.server.domain.contract import Role
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.receipts import Receipt
from landseal.server.domain.signing import notice_digest
from landseal.server.domain.terms import ContractTerms
from landseal.transfer.v1 import transfer_pb2 as pb

_SERVICE = "/landseal.transfer.v1.TransferService/"
CODE_PREFIX = "landseal:c:"
"""Stands before the code in a transferee's QR code."""


@dataclass(frozen=True)
class Notice:
    """The two masked identities behind a code, to be shown to the transferor, who confirms exactly these."""

    payload: str
    transferor: tuple[str, str]
    """Masked name and masked ID number."""
    transferee: tuple[str, str]

    @property
    def sides(self) -> Sides:
        """Is who the transfer will be between, and nobody else."""
        return Sides(self.transferor, self.transferee)

    def digest(self) -> bytes:
        """Returns the digest of what is shown, computed here."""
        return notice_digest(self.payload.removeprefix(CODE_PREFIX), self.transferor, self.transferee)


class TransferClient:
    """The noun *transfer*. ``identity_digest`` is the person's own, when this device knows it."""

    def __init__(self, calls: Calls, server_key: PublicKey, allow_mark: str = "") -> None:
        self._calls = calls
        self._server_key = server_key
        self._allow_mark = allow_mark
        self.identity_digest = b""
        self.counterparties = Counterparties()
        """Who each transfer is between; give one with a file where later processes go on."""

    def create_code(self, receipt: Receipt, *, request_id: str | None = None) -> pb.CreateTransfereeCodeResponse:
        """Makes the transferee's code; uses up a CODE receipt. Fails with RECEIPT_* and the session reasons."""
        request = pb.CreateTransfereeCodeRequest(
            request_id=request_id or new_request_id(), receipt_id=receipt.receipt_id
        )
        return self._calls.change(_SERVICE + "CreateTransfereeCode", request, pb.CreateTransfereeCodeResponse)

    def send_code(self, payload: str, address: str, *, request_id: str | None = None) -> None:
        """Relays the own code to a login name; answers alike for unknown ones. CODE_*, RATE_LIMITED."""
        request = pb.SendTransfereeCodeRequest(
            request_id=request_id or new_request_id(), payload=payload, address=address
        )
        self._calls.change(_SERVICE + "SendTransfereeCode", request, pb.SendTransfereeCodeResponse)

    def resolve_code(self, payload: str, *, request_id: str | None = None) -> Notice:
        """Returns both identities behind a code, to be shown.

        Raises:
            LandsealError: CODE_INVALID, CODE_EXPIRED, SAME_PERSON, RATE_LIMITED; NOTICE_ALTERED when the server's
                digest is not that of the identities it sent.
        """
        request = pb.ResolveTransfereeCodeRequest(request_id=request_id or new_request_id(), payload=payload)
        answer = self._calls.change(_SERVICE + "ResolveTransfereeCode", request, pb.ResolveTransfereeCodeResponse)
        notice = Notice(payload, _shown(answer.transferor), _shown(answer.transferee))
        if notice.digest() != answer.notice_digest or not all((*notice.transferor, *notice.transferee)):
            raise LandsealError(LocalReason.NOTICE_ALTERED)
        return notice

    def confirm_notice(self, notice: Notice, *, request_id: str | None = None) -> pb.Transfer:
        """Sends the confirmation notice for exactly the identities shown (CreateTransfer).

        Raises:
            LandsealError: CODE_*, IDENTITIES_NOT_CONFIRMED, SAME_PERSON, SAME_DEVICE; NOTICE_ALTERED when the
                transfer is between others than those shown.
        """
        request = pb.CreateTransferRequest(
            request_id=request_id or new_request_id(),
            payload=notice.payload,
            role=common_pb2.ROLE_TRANSFEROR,
            notice_digest=notice.digest(),
        )
        transfer = self._calls.change(_SERVICE + "CreateTransfer", request, pb.CreateTransferResponse).transfer
        if (_shown(transfer.transferor), _shown(transfer.transferee)) != (notice.transferor, notice.transferee):
            raise LandsealError(LocalReason.NOTICE_ALTERED)
        self.counterparties.hold(transfer.transfer_id, notice.sides)
        return transfer

    def save_draft(
        self,
        transfer_id: str,
        land_receipt: Receipt | str,
        parcel_codes: Sequence[str],
        terms: ContractTerms,
        *,
        validate_only: bool = False,
        request_id: str | None = None,
    ) -> pb.Transfer:
        """Saves terms as the next version; ``land_receipt`` is the LAND_READ receipt or its id.

        Raises:
            LandsealError: TERMS_INVALID with one violation for everything missing or wrong, PARCEL_NOT_YOURS,
                PARCEL_TAKEN, PAPER_IMPOSSIBLE, RECEIPT_*, STATE_FORBIDS, NOT_YOURS.
        """
        request = pb.SaveDraftRequest(
            request_id=request_id or new_request_id(),
            transfer_id=transfer_id,
            receipt_id=land_receipt if isinstance(land_receipt, str) else land_receipt.receipt_id,
            parcel_codes=parcel_codes,
            terms=convert.terms_to_proto(terms),
            validate_only=validate_only,
        )
        return self._calls.change(
            _SERVICE + "SaveDraft", request, pb.SaveDraftResponse, VERIFICATION_TIMEOUT_S
        ).transfer

    def download_draft(self, transfer_id: str) -> bytes:
        """Returns the PDF of the current version; NOT_YOURS, STATE_FORBIDS."""
        request = pb.DownloadDraftRequest(transfer_id=transfer_id)
        return self._calls.read(
            _SERVICE + "DownloadDraft", request, pb.DownloadDraftResponse, VERIFICATION_TIMEOUT_S
        ).pdf

    def review(self, transfer_id: str, asked: Wish | None = None) -> Review:
        """Fetches the current version and its PDF and checks them; what it returns is what may be shown and signed.

        The transferor gives ``asked``; the transferee asks for nothing and reads what is returned. Both parties must
        be those of the confirmed notice or, for the transferee, those of the first review.

        Raises:
            LandsealError: CONTRACT_NOT_AS_ASKED, PDF_NOT_AS_SIGNED, DEMO_MARK_REFUSED, OFFER_EXPIRED, NOT_YOURS.
        """
        transfer, pdf = self.get(transfer_id), self.download_draft(transfer_id)
        known = self.counterparties.of(transfer_id)
        seen = review(transfer, transfer_id, pdf, self._myself(), self._calls.clock(), asked, known)
        self.counterparties.hold(transfer_id, sides_of(seen.body))
        return seen

    def propose(self, seen: Review, receipt: Receipt, *, request_id: str | None = None) -> pb.Transfer:
        """Offers the version that was seen, with this device's signature and a SIGN receipt bound to it.

        Raises:
            LandsealError: VERSION_STALE, RECEIPT_*, PARTY_SIGNATURE_INVALID, PARCEL_TAKEN, OFFER_EXPIRED,
                STATE_FORBIDS, NOT_YOURS; RECEIPT_NOT_AS_ASKED, CONTRACT_NOT_AS_ASKED.
        """
        request = pb.ProposeContractRequest(
            request_id=request_id or new_request_id(),
            transfer_id=seen.body.transfer_id,
            version=seen.body.version,
            terms_digest=seen.body.digest(),
            receipt_id=receipt.receipt_id,
            signature=self._signature(seen, receipt, Role.TRANSFEROR),
        )
        return self._calls.change(
            _SERVICE + "ProposeContract", request, pb.ProposeContractResponse, VERIFICATION_TIMEOUT_S
        ).transfer

    def confirm(self, seen: Review, receipt: Receipt, *, request_id: str | None = None) -> contract_pb2.Contract:
        """Accepts the offer that was seen and returns the concluded contract, checked against what was signed.

        Raises:
            LandsealError: as for :meth:`propose`; and the first failing check of the contract that came back.
        """
        request = pb.ConfirmContractRequest(
            request_id=request_id or new_request_id(),
            transfer_id=seen.body.transfer_id,
            version=seen.body.version,
            terms_digest=seen.body.digest(),
            receipt_id=receipt.receipt_id,
            signature=self._signature(seen, receipt, Role.TRANSFEREE),
        )
        contract = self._calls.change(
            _SERVICE + "ConfirmContract", request, pb.ConfirmContractResponse, VERIFICATION_TIMEOUT_S
        ).contract
        report = check_contract(contract, seen.pdf, self._server_key, allow_mark=self._allow_mark)
        if not report.passed or report.contract is None:
            raise LandsealError(report.reason, detail=f"check {report.checks[-1].name} of the concluded contract")
        if report.contract.body != seen.body:
            raise LandsealError(LocalReason.CONTRACT_NOT_AS_ASKED, detail="the concluded contract is another one")
        return contract

    def decline(self, transfer_id: str, *, request_id: str | None = None) -> pb.Transfer:
        """Declines the offer, as the transferee; STATE_FORBIDS, NOT_YOURS."""
        request = pb.DeclineContractRequest(request_id=request_id or new_request_id(), transfer_id=transfer_id)
        return self._calls.change(_SERVICE + "DeclineContract", request, pb.DeclineContractResponse).transfer

    def cancel(self, transfer_id: str, *, request_id: str | None = None) -> pb.Transfer:
        """Calls the transfer off; STATE_FORBIDS, NOT_YOURS."""
        request = pb.CancelTransferRequest(request_id=request_id or new_request_id(), transfer_id=transfer_id)
        return self._calls.change(_SERVICE + "CancelTransfer", request, pb.CancelTransferResponse).transfer

    def get(self, transfer_id: str) -> pb.Transfer:
        """Returns a transfer of the caller; NOT_YOURS whether or not it exists."""
        request = pb.GetTransferRequest(transfer_id=transfer_id)
        return self._calls.read(_SERVICE + "GetTransfer", request, pb.GetTransferResponse).transfer

    def list(self, page_size: int = 20, page_token: str = "") -> pb.ListTransfersResponse:
        """Returns one page of the caller's transfers, the newest first."""
        request = pb.ListTransfersRequest(page_size=page_size, page_token=page_token)
        return self._calls.read(_SERVICE + "ListTransfers", request, pb.ListTransfersResponse)

    def _signature(self, seen: Review, receipt: Receipt, role: Role) -> bytes:
        if seen.role is not role:
            raise LandsealError(LocalReason.CONTRACT_NOT_AS_ASKED, detail="it is the other side's move")
        if receipt.binding != seen.binding:
            raise LandsealError(LocalReason.RECEIPT_NOT_AS_ASKED, detail="the receipt is bound to something else")
        return self._calls.require().keys.sign.contract(seen.body, role, receipt)

    def _myself(self) -> Myself:
        held = self._calls.require()
        return Myself(held.account_id, held.keys, self._server_key.key_id, self._allow_mark, self.identity_digest)


def _shown(identity: common_pb2.MaskedIdentity) -> tuple[str, str]:
    return (identity.masked_name, identity.masked_id_number)
