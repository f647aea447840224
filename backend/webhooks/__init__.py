"""Webhooks out: what happens in a workspace, told to its own servers, signed, and again until they have taken it."""
