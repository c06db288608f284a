"""Two of each part, restarted one after another while people look and act: `make rolling`.

Web nodes, workers, beats and watchers run with the commands and the environment of docker-compose.yml, beside a
PostgreSQL and a Valkey; the API is a simulator that counts what it is sent. A hundred pages poll through a front that
asks `/readyz`, five hundred actions are asked for, and each part is told to end, waited for, and started again.
"""
