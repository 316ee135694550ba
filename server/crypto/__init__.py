"""Keys, seals, hashes and certificates; beside the clients, the only room that imports nacl."""
