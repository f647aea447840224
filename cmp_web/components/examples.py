"""Examples of the doors, as they are pasted: plain text, which a test runs with an address, a key and an agent of its own."""

URL, KEY, AGENT = "https://cmp.example", "cmp_…", "inst_01KAN4S2…"
"""What a reader replaces."""

OPENAI = f"""\
from openai import OpenAI

client = OpenAI(base_url="{URL}/v1", api_key="{KEY}")
answer = client.chat.completions.create(
    model="{AGENT}",
    messages=[{{"role": "user", "content": "Can I return an opened item?"}}],
)
print(answer.choices[0].message.content)
print(answer.cmp["receipt"]["charged"], "credits")"""

MCP = f"""\
{{
  "mcpServers": {{
    "cmp": {{
      "type": "http",
      "url": "{URL}/mcp",
      "headers": {{ "Authorization": "Bearer {KEY}" }}
    }}
  }}
}}"""
