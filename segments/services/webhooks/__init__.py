"""Webhooks out: the shop's own programs are told who entered and left segments.

``endpoints`` is what pages and the API call, ``batches`` reads the log of changes, ``deliver`` sends.
Nothing is queued: an endpoint has a place in the log, and that moves on only when the receiver has said yes.
So a worker that dies, a receiver that is away and a list of a million changes are all the same thing.
"""
