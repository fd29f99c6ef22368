"""Every statement runs on PostgreSQL, though not every test does.

Every test runs on SQLite. On PostgreSQL run the tests of locks, threads and processes, the property tests with fewer
examples, and enough other tests to execute each SQL statement once: `on_postgres.txt` lists these.

- `pytest --statements FOLDER` records in FOLDER which statements each test executes.
- `pytest --postgres-part` runs only the tests for PostgreSQL.
- `python -m tests.statements check FOLDER` fails if a statement ran on SQLite only.
- `python -m tests.statements cover FOLDER` chooses the tests of `on_postgres.txt` again, from the records on SQLite.
"""
