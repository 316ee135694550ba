"""The client: one object for one device of one person at one server."""

from __future__ import annotations

from types import TracebackType

import grpc

from landseal.clients.calls import Calls
from landseal.clients.channel import open_channel
from landseal.clients.contract import ContractClient
from landseal.clients.inbox import InboxClient
from landseal.clients.land import LandClient
from landseal.clients.serverinfo import check_pinned, get_server_info
from landseal.clients.session import SessionClient
from landseal.clients.transfer import TransferClient
from landseal.clients.verification import VerificationClient
from landseal.server.domain.keys import PublicKey
from landseal.server.domain.signing import identity_digest
from landseal.server.domain.times import Clock, utc_now
from landseal.serverinfo.v1 import serverinfo_pb2


class LandsealClient:
    """Holds one noun each: ``session``, ``verification``, ``land``, ``transfer``, ``inbox``, ``contract``.

    ``server_key`` is the pinned platform key: the audience of every signature made here, and what every receipt and
    contract is checked against. ``allow_mark`` names the one mark (``demo``, ``loadtest``) that this client accepts.
    """

    def __init__(
        self, channel: grpc.Channel, server_key: PublicKey, *, allow_mark: str = "", clock: Clock = utc_now
    ) -> None:
        self._channel = channel
        self._calls = Calls(channel, server_key.key_id, clock)
        self.server_key = server_key
        self.session = SessionClient(self._calls)
        self.verification = VerificationClient(self._calls, server_key, allow_mark)
        self.land = LandClient(self._calls)
        self.transfer = TransferClient(self._calls, server_key, allow_mark)
        self.inbox = InboxClient(self._calls)
        self.contract = ContractClient(self._calls, server_key, allow_mark)

    @classmethod
    def connect(
        cls,
        target: str,
        certificate_pem: bytes,
        server_key: PublicKey | None = None,
        *,
        allow_mark: str = "",
        clock: Clock = utc_now,
        tls_name: str | None = None,
    ) -> LandsealClient:
        """Connects to ``host:port`` over TLS with a certificate that the caller trusts.

        Without ``server_key`` this is the first contact: the key that the server states over this channel is taken;
        keep ``client.server_key`` and give it ever after.

        Raises:
            LandsealError: SERVER_AWAY, SERVER_NOT_TRUSTED, SERVER_KEY_CHANGED.
        """
        channel = open_channel(target, certificate_pem, tls_name=tls_name)
        try:
            if server_key is None:
                server_key, _ = get_server_info(Calls(channel, "", clock))
            return cls(channel, server_key, allow_mark=allow_mark, clock=clock)
        except BaseException:
            channel.close()
            raise

    def server_info(self) -> serverinfo_pb2.GetServerInfoResponse:
        """Returns the server's description; SERVER_KEY_CHANGED when it no longer has the pinned key."""
        return check_pinned(self._calls, self.server_key)

    def speak(self, language: str) -> None:
        """Asks the server for sentences in ``zh`` (as at first) or ``en``."""
        self._calls.language = language

    def know_identity(self, legal_name: str, id_number: str) -> None:
        """Tells this client whose device it is, so that receipts and contracts of anybody else are refused."""
        self.know_identity_digest(identity_digest(legal_name, id_number))

    def know_identity_digest(self, digest: bytes) -> None:
        """As :meth:`know_identity`, from the digest that a profile keeps."""
        self.verification.identity_digest = digest
        self.transfer.identity_digest = digest

    def close(self) -> None:
        """Closes the channel; the session lives on at the server."""
        self._channel.close()

    def __enter__(self) -> LandsealClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
