"""The API under `/api/v1/`: what the pages know and do, for scripts.

service   the one NinjaAPI: its addresses, its document
door      before everything else: no cookies, every error as problem details
bearer    the token: who asks, what it may, how often
shapes    rows of the fleet as they are sent
reads     lists and details; verdicts, ledger: idle, batches and actions
    acts      start and stop; many: batches
    guide     the document as a page
"""
