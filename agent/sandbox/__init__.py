"""The offline provider: OpenAI's API on loopback, with real ears, a real voice and a modest mind.

It imports nothing else of Parley and nothing of Parley imports it: a worker meets it only as a
`base_url`, exactly as it meets OpenAI.
"""
