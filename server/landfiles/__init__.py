"""Reads parcel files (GeoJSON, CSV) from strangers: bounded, and all faults at once."""

from landseal.server.landfiles.read import read_parcels

__all__ = ["read_parcels"]
