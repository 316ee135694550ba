"""Benchmarks that anyone can run: ratios from one run, with JSON and a picture; no test is gated by them."""
