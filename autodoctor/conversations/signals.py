"""What others hear of conversations."""

from django.dispatch import Signal

# Sent after commit with `conversation_id` as text, `changes`, how often it has changed, and `person_id`, the id of the
# asker's account as text; None of a visitor.
changed = Signal()
