"""Vouchers: what a promo code is worth."""
