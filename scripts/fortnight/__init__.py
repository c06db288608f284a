"""A simulated fortnight of a whole fleet under an armed policy, in minutes.

    make fortnight

The real sync, jobs, client, database and Valkey run over the simulator's wire; only the clock is false, and it is the
same for the simulated world and the dashboard. What came of it is judged by what the world itself wrote down.
"""
