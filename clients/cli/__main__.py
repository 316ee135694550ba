"""``python -m landseal.clients.cli`` is the command ``landseal``."""

from landseal.clients.cli.main import main

main()
