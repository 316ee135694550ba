"""Runs the embedded engines, PostgreSQL and Triton: processes only, no faces and no contracts.

Nothing here imports another room. Every engine runs under a shepherd (:mod:`landseal.server.engines.shepherd`) that
ends it when the program that started it goes away, in whatever manner.
"""
