"""Active liveness: one module per kind of challenge, each with instruction, capture plan, features and matcher."""
