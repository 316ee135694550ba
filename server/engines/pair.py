"""The two engines of one server: embedded ones are started and watched, external ones are only named."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from landseal.server.engines.postgres import EmbeddedPostgres
from landseal.server.engines.tls import EngineTls
from landseal.server.engines.triton import EmbeddedTriton
from landseal.server.engines.watch import Engine, EngineWatch


class EnginePair:
    """PostgreSQL and Triton while the block runs; the addresses are known inside it."""

    def __init__(
        self,
        home: Path,
        weights: Path,
        *,
        database_url: str = "",
        triton_url: str = "",
        triton_tls: EngineTls | None = None,
        gpu: bool = False,
        allow_root: bool,
    ) -> None:
        """Describes the engines; an empty address means an embedded one.

        Args:
            home: Landseal's home.
            weights: folder of models.
            database_url: PostgreSQL of somebody else's.
            triton_url: Triton of somebody else's.
            triton_tls: how to know that Triton; None: it speaks no TLS.
            gpu: whether the embedded Triton loads the models' configurations for GPUs.
            allow_root: see :class:`~landseal.server.engines.triton.EmbeddedTriton`.
        """
        self._given = (database_url, triton_url)
        self.database_url, self.triton_url = self._given
        self.postgres = None if database_url else EmbeddedPostgres(home)
        config = "gpu" if gpu else None
        self.triton = None if triton_url else EmbeddedTriton(home, weights, config_name=config, allow_root=allow_root)
        self.triton_tls = self.triton.tls if self.triton else triton_tls
        engines: list[Engine] = [engine for engine in (self.postgres, self.triton) if engine is not None]
        self.watch = EngineWatch(engines)

    def __enter__(self) -> Self:
        """Starts what is embedded and waits until it is ready; raises EngineError when it cannot be."""
        addresses = self.watch.start()
        self.database_url = self._given[0] or addresses["postgres"]
        self.triton_url = self._given[1] or addresses["triton"]
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stops what is embedded; nothing of it is left."""
        self.watch.close()
