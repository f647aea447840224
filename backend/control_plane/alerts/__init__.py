"""Word about credits that run low: once for each time they fall to a threshold, by mail, by webhook, and on every page."""
