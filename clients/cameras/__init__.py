"""Where a client's frames come from: a real camera, or the puppet of the demo."""
