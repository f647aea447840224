"""Key-value notes that apps keep on checkouts, orders and lines."""
