"""Every statement runs on PostgreSQL, though not every test does.

Everything runs on SQLite. On PostgreSQL run the tests that are about locks, threads and processes, the properties with
fewer examples, and as many others as it takes to execute each SQL statement once: those stand in `on_postgres.txt`.

- `pytest --statements FOLDER` records there which statements each test executes.
- `pytest --postgres-part` runs only what PostgreSQL has to show.
- `python -m tests.statements check FOLDER` fails when something ran on SQLite only.
- `python -m tests.statements cover FOLDER` writes `on_postgres.txt` anew, out of what was recorded on SQLite.
"""
