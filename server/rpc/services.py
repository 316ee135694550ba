"""The one registration point: which services there are, and who may call each method.

A method that is in a proto and not here, or here and not in a proto, or has no handler, fails at start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import ServiceDescriptor

from landseal.admin.v1 import admin_pb2
from landseal.capture.v1 import capture_pb2
from landseal.contract.v1 import contract_pb2
from landseal.inbox.v1 import inbox_pb2
from landseal.land.v1 import land_pb2
from landseal.server.rpc.gate import Gate
from landseal.server.rpc.method import Access, Method, Rule, methods_of
from landseal.server.rpc.servicers.admin import AdminServicer
from landseal.server.rpc.servicers.capture import CaptureServicer
from landseal.server.rpc.servicers.contract import ContractServicer
from landseal.server.rpc.servicers.inbox import InboxServicer
from landseal.server.rpc.servicers.land import LandServicer
from landseal.server.rpc.servicers.serverinfo import ServerInfoServicer
from landseal.server.rpc.servicers.session import SessionServicer
from landseal.server.rpc.servicers.transfer import TransferServicer
from landseal.server.rpc.servicers.verification import VerificationServicer
from landseal.serverinfo.v1 import serverinfo_pb2
from landseal.session.v1 import session_pb2
from landseal.transfer.v1 import transfer_pb2
from landseal.verification.v1 import verification_pb2

_PUBLIC, _SESSION, _MUTATION, _ADMIN = (
    Rule(access) for access in (Access.PUBLIC, Access.SESSION, Access.MUTATION, Access.ADMIN)
)
_INFERENCE = Rule(Access.MUTATION, Gate.INFERENCE)

SERVER_INFO: ServiceDescriptor = serverinfo_pb2.DESCRIPTOR.services_by_name["ServerInfoService"]
SESSION: ServiceDescriptor = session_pb2.DESCRIPTOR.services_by_name["SessionService"]
CAPTURE: ServiceDescriptor = capture_pb2.DESCRIPTOR.services_by_name["CaptureService"]
VERIFICATION: ServiceDescriptor = verification_pb2.DESCRIPTOR.services_by_name["VerificationService"]
LAND: ServiceDescriptor = land_pb2.DESCRIPTOR.services_by_name["LandService"]
TRANSFER: ServiceDescriptor = transfer_pb2.DESCRIPTOR.services_by_name["TransferService"]
CONTRACT: ServiceDescriptor = contract_pb2.DESCRIPTOR.services_by_name["ContractService"]
INBOX: ServiceDescriptor = inbox_pb2.DESCRIPTOR.services_by_name["InboxService"]
ADMIN: ServiceDescriptor = admin_pb2.DESCRIPTOR.services_by_name["AdminService"]

TABLE: Mapping[str, dict[str, Rule]] = {
    SERVER_INFO.full_name: {"GetServerInfo": _PUBLIC},
    SESSION.full_name: {
        "RegisterAccount": Rule(Access.OPENING, Gate.PASSWORD, "registration_code"),
        "StartLogin": Rule(Access.OPENING, Gate.PASSWORD, "password"),
        "Login": Rule(Access.OPENING, secret="login_id"),  # noqa: S106 - a field's name
        "Logout": _MUTATION,
        "GetSession": _SESSION,
    },
    CAPTURE.full_name: {"CreateUpload": _MUTATION, "UploadChunk": _SESSION, "GetUpload": _SESSION},
    VERIFICATION.full_name: {
        "CreateVerification": _MUTATION,
        "SubmitVerification": _INFERENCE,
        "GetVerification": _SESSION,
    },
    LAND.full_name: {"ListOwnParcels": _SESSION, "GetOwnParcel": _SESSION},
    TRANSFER.full_name: {
        "CreateTransfereeCode": _MUTATION,
        "SendTransfereeCode": _MUTATION,
        "ResolveTransfereeCode": _MUTATION,
        "CreateTransfer": _MUTATION,
        "SaveDraft": _INFERENCE,
        "DownloadDraft": _SESSION,
        "ProposeContract": _MUTATION,
        "ConfirmContract": _MUTATION,
        "DeclineContract": _MUTATION,
        "CancelTransfer": _MUTATION,
        "GetTransfer": _SESSION,
        "ListTransfers": _SESSION,
    },
    CONTRACT.full_name: {"GetContract": _SESSION, "ListContracts": _SESSION, "DownloadContract": _SESSION},
    INBOX.full_name: {"WatchEvents": _SESSION, "ListEvents": _SESSION, "AcknowledgeEvents": _MUTATION},
    ADMIN.full_name: {"ImportParcels": _ADMIN, "ImportFaces": _ADMIN, "IssueRegistrationCode": _ADMIN},
}
"""Every method that there is."""


@dataclass(frozen=True)
class PublicServices:
    """The servicers of the listener that everybody reaches."""

    serverinfo: ServerInfoServicer
    session: SessionServicer
    capture: CaptureServicer
    verification: VerificationServicer
    land: LandServicer
    transfer: TransferServicer
    contract: ContractServicer
    inbox: InboxServicer

    def methods(self) -> tuple[Method, ...]:
        """Returns all methods of this listener; raises MethodError or UnknownRule if anything does not fit together."""
        return _methods(
            (SERVER_INFO, self.serverinfo),
            (SESSION, self.session),
            (CAPTURE, self.capture),
            (VERIFICATION, self.verification),
            (LAND, self.land),
            (TRANSFER, self.transfer),
            (CONTRACT, self.contract),
            (INBOX, self.inbox),
        )


@dataclass(frozen=True)
class AdminServices:
    """The servicer of the administrators' listener."""

    admin: AdminServicer

    def methods(self) -> tuple[Method, ...]:
        """Returns all methods of this listener; raises MethodError or UnknownRule if anything does not fit together."""
        return _methods((ADMIN, self.admin))


def _methods(*pairs: tuple[ServiceDescriptor, object]) -> tuple[Method, ...]:
    return tuple(
        method for service, servicer in pairs for method in methods_of(service, servicer, TABLE[service.full_name])
    )
