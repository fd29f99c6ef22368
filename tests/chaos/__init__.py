"""A chaos run: people talk, extend and end while everything under them is killed, stopped and started again."""
