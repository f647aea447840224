"""Lists of orders: filters, sorting, pages."""
