"""Numbered SQL files, run once each and in order by ``storage.migrate``; a file that was shipped never changes."""
