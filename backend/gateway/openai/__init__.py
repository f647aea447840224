"""The OpenAI door: agents as the models of OpenAI's own clients, over the paths and in the shapes that those know. See docs/doors.md.

Nothing of OpenAI's is imported here; the tests speak to this door with the official client.
"""
