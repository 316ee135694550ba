"""The command line ``landseal``: one module per family of commands; ``main.py`` puts them together."""
