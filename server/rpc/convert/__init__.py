"""Between protobuf messages and domain values, one module per noun; pure, and strict about what comes in."""
