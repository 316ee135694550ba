"""The one channel on which PostgreSQL tells every worker that an account has news."""

CHANNEL = "landseal_inbox"
"""Payload: ``<account id>:<cursor>``; cursor 0 when a session ended and no event was added."""
