"""Turning a paid checkout into its one order."""
