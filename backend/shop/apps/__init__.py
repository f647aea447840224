"""The shop's apps: who may call it with a token, what they want to hear of, and the signed, durable deliveries that tell them."""
