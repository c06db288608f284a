"""Tells Flower of many tasks that are done, as workers would: runs in Flower's venv. Arguments: broker, how many."""

import sys
import time
from uuid import uuid4

from celery import Celery

broker, many = sys.argv[1], int(sys.argv[2])
app = Celery("bench", broker=broker)
with app.connection() as connection:
    sender = app.events.Dispatcher(connection, hostname="worker@bench")
    for number in range(many):
        task = {"uuid": str(uuid4()), "timestamp": time.time() - many + number}
        sender.send("task-received", name=f"job.{number % 40}", args="()", kwargs="{}", **task)
        sender.send("task-succeeded", result="None", runtime=0.1, **task)
