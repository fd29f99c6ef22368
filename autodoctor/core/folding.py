"""Text as people search for it: without case, accents and other marks, the same on every database."""

import unicodedata

# Letters that are of their own, and that people without the key for it write so.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})


def folded(text: str) -> str:
    """Return the text in small plain letters: "Özlem Ørsted" is "ozlem orsted"."""
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join("".join(letters).casefold().translate(_PLAIN).split())
