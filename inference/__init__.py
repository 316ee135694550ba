"""Faces and nothing else: reading frames, judging challenges, provisioning and measuring models."""
