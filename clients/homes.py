"""Where things are kept: the server's home and this person's profile."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Returns LANDSEAL_HOME: /var/lib/landseal for root, else landseal in the user's data folder, unless it is set."""
    chosen = os.environ.get("LANDSEAL_HOME")
    if chosen:
        return Path(chosen)
    if os.name == "posix" and os.geteuid() == 0:
        return Path("/var/lib/landseal")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "landseal"


def models_folder() -> Path:
    """Returns the folder of provisioned weights: LANDSEAL_MODELS, or ``models`` in the home."""
    chosen = os.environ.get("LANDSEAL_MODELS")
    return Path(chosen) if chosen else home() / "models"


def tls_folder() -> Path:
    """Returns the folder of certificates that the server made at its first start."""
    return home() / "tls"


def profile_folder(name: str | None = None) -> Path:
    """Returns the folder of a profile: its name or LANDSEAL_PROFILE (``default``) below landseal in the config folder.

    A name with a path separator is taken as a folder.
    """
    chosen = name or os.environ.get("LANDSEAL_PROFILE") or "default"
    if os.sep in chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "landseal" / chosen
