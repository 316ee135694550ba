"""The edge: what every call passes before it reaches a use case, and what every answer passes on its way out."""
