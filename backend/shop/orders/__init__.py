"""Orders: reading, listing, fulfilling, cancelling."""
