"""Pure values and rules; imports nothing of ours but its siblings."""
