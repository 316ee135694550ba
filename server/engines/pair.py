"""The two engines of one server: embedded ones are started and watched, external ones are only named."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from landseal.server.engines.postgres import EmbeddedPostgres
from landseal.server.engines.triton import EmbeddedTriton
from landseal.server.engines.watch import Engine, EngineWatch


class EnginePair:
    """PostgreSQL and Triton while the block runs; the addresses are known inside it."""

    def __init__(
        self, home: Path, weights: Path, *, database_url: str = "", triton_url: str = "", gpu: bool = False
    ) -> None:
        """Describes the engines; an empty address means an embedded one, ``weights`` is the folder of models."""
        self._given = (database_url, triton_url)
        self.database_url, self.triton_url = self._given
        self.postgres = None if database_url else EmbeddedPostgres(home)
        self.triton = None if triton_url else EmbeddedTriton(home, weights, config_name="gpu" if gpu else None)
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
