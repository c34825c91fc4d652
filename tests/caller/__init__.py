"""A caller for tests and benches: a microphone, an ear and a telephone on a real LiveKit server.

`driver` is the telephone, `microphone` and `speech` are the caller's voice, `ear`, `analysis` and
`recognition` the caller's hearing, `captions` the caller's eyes; `processes` and `stack` start the
real programs that a call needs.
"""
