"""Commerce: the one typed client of Saleor's GraphQL, the visitor's cart, and the connection to the shop as its app.

It talks to a real Saleor over the network and to the embedded shop over its HTTP interface in-process; which one it is, only the
httpx transport it was given knows.
"""
