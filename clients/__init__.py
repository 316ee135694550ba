"""What others import and run: a typed SDK, signing on this side, cameras, and the command line."""
