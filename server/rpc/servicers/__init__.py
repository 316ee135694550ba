"""Servicers, one module per noun; a handler converts, asks, converts."""
