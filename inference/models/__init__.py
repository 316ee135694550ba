"""Weights: where they come from, how they are converted, what they were measured to do."""
