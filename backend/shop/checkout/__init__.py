"""Checkouts: lines, e-mail, address, promo code, and turning one into an order."""
