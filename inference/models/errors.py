"""What can go wrong with weights, in words for the operator; none of these ever holds biometrics."""

from __future__ import annotations


class ModelError(Exception):
    """Anything that keeps a weight file or a calibration from being used."""


class ManifestError(ModelError):
    """A manifest cannot be read, or an entry in it is not complete."""


class SourceUnavailable(ModelError):
    """No source gave the file: no network, no cache folder that holds it, or a registry that does not know it."""


class HashMismatch(ModelError):
    """A file is not the pinned one; it was not used."""


class ConversionError(ModelError):
    """A source file does not have the structure its converter expects."""


class ProvisioningBusy(ModelError):
    """Another provisioner works on the same folder and did not finish in time."""


class CalibrationError(ModelError):
    """A calibration is missing, malformed, or measured for another model."""
