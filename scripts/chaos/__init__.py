"""The whole stack at work, and everything it needs killed, frozen, cut, corrupted, filled and moved, one after another.

    make chaos

`manage.py up` runs over a simulated fleet that lives in this process. A person asks for things through the pages,
others look at them, policies stop what is idle. What came of it is judged by what the simulated world received, by the
database, and by every answer that the pages gave. How to read it: docs/operations/chaos.md.
"""
