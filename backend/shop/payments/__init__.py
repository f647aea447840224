"""Transactions, and the dummy payment gateway that stands in for a real one."""
