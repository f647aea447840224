"""What happens: rules, data, and the doors to them. Nothing here knows the pages."""

__version__ = "0.1.0"
