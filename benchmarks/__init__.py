"""The scripts behind docs/performance.md. Each prints its figures beside what they are compared with, as a ratio."""
