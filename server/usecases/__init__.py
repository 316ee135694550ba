"""The story of each call: one class per noun, one method per RPC."""
