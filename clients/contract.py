"""Concluded contracts: fetching and checking them."""

from __future__ import annotations

from dataclasses import dataclass, field

from landseal.clients.calls import Calls, serialise
from landseal.clients.channel import VERIFICATION_TIMEOUT_S
from landseal.clients.contract_check import Report, check_contract
from landseal.contract.v1 import contract_pb2 as pb
from landseal.server.domain.keys import PublicKey

_SERVICE = "/landseal.contract.v1.ContractService/"


@dataclass(frozen=True)
class SavedContract:
    """A contract with its PDF as they are kept, and what the check said."""

    contract: pb.Contract = field(repr=False)
    pdf: bytes = field(repr=False)
    file_name: str
    """Suggested name of the PDF; never a path."""
    report: Report

    @property
    def contract_bytes(self) -> bytes:
        """Is what is written to a ``.contract`` file and read by ``check_contract_file``."""
        return serialise(self.contract)


class ContractClient:
    """The noun *contract*."""

    def __init__(self, calls: Calls, server_key: PublicKey, allow_mark: str = "") -> None:
        self._calls = calls
        self._server_key = server_key
        self._allow_mark = allow_mark

    def get(self, contract_id: str) -> pb.Contract:
        """Returns a contract, unchecked; NOT_YOURS whether or not it exists."""
        request = pb.GetContractRequest(contract_id=contract_id)
        return self._calls.read(_SERVICE + "GetContract", request, pb.GetContractResponse).contract

    def list(self, page_size: int = 20, page_token: str = "") -> pb.ListContractsResponse:
        """Returns one page of the caller's contracts, the newest first."""
        request = pb.ListContractsRequest(page_size=page_size, page_token=page_token)
        return self._calls.read(_SERVICE + "ListContracts", request, pb.ListContractsResponse)

    def download(self, contract_id: str) -> SavedContract:
        """Returns a contract with its PDF and the report of the check; NOT_YOURS whether or not it exists."""
        contract = self.get(contract_id)
        request = pb.DownloadContractRequest(contract_id=contract_id)
        paper = self._calls.read(
            _SERVICE + "DownloadContract", request, pb.DownloadContractResponse, VERIFICATION_TIMEOUT_S
        )
        report = check_contract(contract, paper.pdf, self._server_key, allow_mark=self._allow_mark)
        return SavedContract(contract, paper.pdf, _plain_name(paper.file_name, contract_id), report)


def _plain_name(name: str, contract_id: str) -> str:
    """A file name without folders: a server must not choose where this side writes."""
    kept = "".join(each for each in name.replace("\\", "/").rsplit("/", 1)[-1] if each.isalnum() or each in "-_.")
    kept = kept.lstrip(".") or "".join(each for each in contract_id if each.isalnum()) or "contract"
    return kept if kept.endswith(".pdf") else kept + ".pdf"
