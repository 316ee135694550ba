"""The gRPC backend: two phones, two living people, one contract."""
