"""`manage.py up`: private Valkey, simulator, worker, beat and web server under one supervisor.

`parts` says what each child is, `preparation` makes folder, database and static files ready, `supervisor` keeps
the children running, `child` is one of them, `guard` ends them when the supervisor could not, `reach` asks the API.
"""
