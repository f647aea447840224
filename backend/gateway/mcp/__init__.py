"""The MCP door: each agent a tool of an assistant, over streamable HTTP. See docs/doors.md.

Stateless: a request brings its key and all that is needed to answer it, so any process may answer any request. A session is a name.
"""
