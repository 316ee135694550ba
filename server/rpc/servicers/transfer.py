"""TransferService."""

from __future__ import annotations

from landseal.server.domain.contract import Role
from landseal.server.rpc.call import Call
from landseal.server.rpc.convert import transfer as convert
from landseal.server.rpc.pages import Pages, place, placed, size
from landseal.server.usecases.codes import Codes
from landseal.server.usecases.drafts import Drafts
from landseal.server.usecases.offers import Offers
from landseal.server.usecases.transfers import Transfers
from landseal.transfer.v1 import transfer_pb2 as pb


class TransferServicer:
    """Leads two people from a code to a contract."""

    def __init__(self, codes: Codes, transfers: Transfers, drafts: Drafts, offers: Offers, pages: Pages) -> None:
        self._codes, self._transfers, self._drafts, self._offers = codes, transfers, drafts, offers
        self._pages = pages

    def CreateTransfereeCode(self, request: pb.CreateTransfereeCodeRequest, call: Call) -> bytes:
        """Makes a code."""
        once = call.once(convert.made_code)
        return once.encode(self._codes.create_code(call.caller, request.receipt_id, once, call.budget))

    def SendTransfereeCode(self, request: pb.SendTransfereeCodeRequest, call: Call) -> bytes:
        """Relays a code."""
        once = call.once(convert.sent)
        self._codes.send_code(call.caller, request.payload, request.address, once, call.budget)
        return once.encode(None)

    def ResolveTransfereeCode(self, request: pb.ResolveTransfereeCodeRequest, call: Call) -> bytes:
        """Resolves a code."""
        once = call.once(convert.resolved)
        return once.encode(self._codes.resolve_code(call.caller, request.payload, once, call.budget))

    def CreateTransfer(self, request: pb.CreateTransferRequest, call: Call) -> bytes:
        """Takes the confirmation notice."""
        once, role = call.once(convert.created), Role(request.role)
        view = self._codes.create(call.caller, request.payload, role, request.notice_digest, once, call.budget)
        return once.encode(view)

    def SaveDraft(self, request: pb.SaveDraftRequest, call: Call) -> bytes:
        """Saves terms."""
        once = call.once(convert.saved)
        return once.encode(self._drafts.save_draft(call.caller, convert.draft(request), once, call.budget))

    def DownloadDraft(self, request: pb.DownloadDraftRequest, call: Call) -> pb.DownloadDraftResponse:
        """Returns the PDF of the current version."""
        return pb.DownloadDraftResponse(pdf=self._drafts.draft_document(call.caller, request.transfer_id))

    def ProposeContract(self, request: pb.ProposeContractRequest, call: Call) -> bytes:
        """Offers the current version."""
        once = call.once(convert.proposed)
        return once.encode(self._offers.propose(call.caller, convert.sign(request), once, call.budget))

    def ConfirmContract(self, request: pb.ConfirmContractRequest, call: Call) -> bytes:
        """Accepts the offer."""
        once = call.once(convert.confirmed)
        return once.encode(self._offers.confirm(call.caller, convert.sign(request), once, call.budget))

    def DeclineContract(self, request: pb.DeclineContractRequest, call: Call) -> bytes:
        """Declines the offer."""
        once = call.once(convert.declined)
        return once.encode(self._offers.decline(call.caller, request.transfer_id, once, call.budget))

    def CancelTransfer(self, request: pb.CancelTransferRequest, call: Call) -> bytes:
        """Calls the transfer off."""
        once = call.once(convert.cancelled)
        return once.encode(self._offers.cancel(call.caller, request.transfer_id, once, call.budget))

    def GetTransfer(self, request: pb.GetTransferRequest, call: Call) -> pb.GetTransferResponse:
        """Returns a transfer."""
        return pb.GetTransferResponse(transfer=convert.transfer(self._transfers.get(call.caller, request.transfer_id)))

    def ListTransfers(self, request: pb.ListTransfersRequest, call: Call) -> pb.ListTransfersResponse:
        """Lists the caller's transfers."""
        limit = size(request.page_size, default=20, most=100)
        before = placed(self._pages.open(call.scope, request.page_token))
        found = self._transfers.list(call.caller, before, limit + 1)
        return pb.ListTransfersResponse(
            transfers=[convert.transfer(each) for each in found[:limit]],
            next_page_token=self._pages.next(
                call.scope, found, limit, lambda last: place(last.transfer.create_time, last.transfer.transfer_id)
            ),
        )
