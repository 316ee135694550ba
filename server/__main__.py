"""``python -m landseal.server``: settings, engines, app, serve, drain."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from landseal.inference.models.errors import CalibrationError
from landseal.server.app import App, build, engines_of
from landseal.server.domain.errors import DatabaseAway, Refused
from landseal.server.domain.reasons import Reason
from landseal.server.engines.process import EngineError
from landseal.server.fleet import WORKER, Fleet, when_orphaned
from landseal.server.settings import Settings, SettingsError, unknown_names
from landseal.server.storage.migrate import migrate

EXIT_SETTINGS, EXIT_REFUSED, EXIT_ENGINE = 2, 3, 4
_WORDS = {
    Reason.SILENT_LIVENESS_REQUIRED: "the policy demands silent liveness and its networks are not loaded; "
    "provide them with `landseal models provision` and LANDSEAL_MODEL_CACHE, or choose another policy",
    Reason.FACE_ENGINE_AWAY: "the inference engine did not become ready",
}


def main() -> int:
    """Serves until SIGTERM or SIGINT; returns the exit status.

    0 after a drain; 2 for faulty settings; 3 when the policy refuses to start; 4 when an engine cannot run or a
    file is missing.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = Settings.from_env(os.environ)
    except SettingsError as error:
        return _say(EXIT_SETTINGS, *error.faults)
    for name in unknown_names(os.environ):
        print(f"landseal: {name} is not a setting", file=sys.stderr)
    settings.home.mkdir(mode=0o711, parents=True, exist_ok=True)
    try:
        return serve(settings)
    except Refused as refusal:
        return _say(EXIT_REFUSED, f"{refusal.reason}: {_WORDS.get(refusal.reason, '')}")
    except (EngineError, DatabaseAway, CalibrationError, OSError) as error:
        return _say(EXIT_ENGINE, str(error))


def serve(settings: Settings) -> int:
    """Runs the engines and, on them, one server process or several, until a signal comes."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: stop.set())
    when_orphaned(stop)
    with engines_of(settings) as engines:
        if settings.workers > 1 and WORKER not in os.environ:
            migrate(engines.database_url)
            fleet = Fleet(settings, engines)
            fleet.start()
            stop.wait()
            fleet.stop()
            return 0
        app = build(settings, engines)
        app.start()
        _announce(app)
        stop.wait()
        app.close()
    return 0


def _announce(app: App) -> None:
    info = app.reader.health()
    print(
        f"landseal: serving on port {app.port}, administrators on {app.admin_port}; policy {app.policy.name}, "
        f"liveness {'silent+active' if info.silent else 'active'}; Triton {info.version}, "
        f"PostgreSQL {app.store.version()}",
        file=sys.stderr,
        flush=True,
    )


def _say(status: int, *lines: str) -> int:
    for line in lines:
        print(f"landseal: {line}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
