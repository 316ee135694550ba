"""ContractService."""

from __future__ import annotations

from landseal.contract.v1 import contract_pb2 as pb
from landseal.server.rpc.call import Call
from landseal.server.rpc.convert import contract as convert
from landseal.server.rpc.pages import Pages, place, placed, size
from landseal.server.usecases.contracts import Contracts


class ContractServicer:
    """Hands contracts out."""

    def __init__(self, contracts: Contracts, pages: Pages) -> None:
        self._contracts, self._pages = contracts, pages

    def GetContract(self, request: pb.GetContractRequest, call: Call) -> pb.GetContractResponse:
        """Returns a contract."""
        return pb.GetContractResponse(contract=convert.contract(self._contracts.get(call.caller, request.contract_id)))

    def ListContracts(self, request: pb.ListContractsRequest, call: Call) -> pb.ListContractsResponse:
        """Lists the caller's contracts."""
        limit = size(request.page_size, default=20, most=100)
        before = placed(self._pages.open(call.scope, request.page_token))
        found = self._contracts.list(call.caller, before, limit + 1)
        return pb.ListContractsResponse(
            contracts=[convert.summary(each) for each in found[:limit]],
            next_page_token=self._pages.next(
                call.scope, found, limit, lambda last: place(last.line.conclude_time, last.line.contract_id)
            ),
        )

    def DownloadContract(self, request: pb.DownloadContractRequest, call: Call) -> pb.DownloadContractResponse:
        """Returns the PDF."""
        pdf, file_name = self._contracts.document(call.caller, request.contract_id)
        return pb.DownloadContractResponse(pdf=pdf, file_name=file_name)
