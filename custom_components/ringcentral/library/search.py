"""Finding clips by words: names, numbers, and what was said.

SQLite's index of words (FTS5) is kept in step by triggers, within the transaction that changes a text. A SQLite without
it reads the texts themselves: slower, and finding words within words as well. An index is missing its triggers when
it was out of use, and is then built anew.
"""

from collections.abc import Collection
import sqlite3
from typing import Final

from .calls import bare
from .clips import ClipTable
from .database import transaction
from .folders import asked_for
from .records import Clip, ClipQuery, Page

MAX_WORDS: Final = 8
"""Words looked for; those after them would hardly tell one clip from another."""
MAX_WORD: Final = 64
"""Characters of a word looked for."""

_FORGETS: Final = (3, 42)
"""The SQLite from which on words that are deleted leave the index at once, and not only when it is next tidied."""

_TRIGGERS: Final = ("words_of_clip", "words_of_transcript", "words_of_call", "words_gone")

_WORDS: Final = """
DROP TABLE IF EXISTS words;
CREATE VIRTUAL TABLE words USING fts5(
    names, numbers, transcript, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3 4'
);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
INSERT INTO words (rowid, names, numbers, transcript) SELECT number, names, numbers, transcript FROM clip_texts;
CREATE TRIGGER words_of_clip AFTER INSERT ON clips BEGIN
    INSERT INTO words (rowid, names, numbers, transcript)
        SELECT number, names, numbers, transcript FROM clip_texts WHERE number = new.number;
END;
CREATE TRIGGER words_of_transcript AFTER UPDATE OF transcript, call_id ON clips BEGIN
    UPDATE words SET (names, numbers, transcript) =
        (SELECT names, numbers, transcript FROM clip_texts WHERE number = new.number) WHERE rowid = new.number;
END;
CREATE TRIGGER words_of_call AFTER UPDATE OF caller, caller_name, called, contact ON calls BEGIN
    UPDATE words SET (names, numbers) =
        (SELECT names, numbers FROM clip_texts WHERE number = words.rowid)
        WHERE rowid IN (SELECT number FROM clips WHERE call_id = new.id);
END;
CREATE TRIGGER words_gone AFTER DELETE ON clips BEGIN
    DELETE FROM words WHERE rowid = old.number;
END;
"""


def has_word_index(connection: sqlite3.Connection) -> bool:
    """Tell whether this SQLite can index words, and forget them for good."""
    (found,) = connection.execute("SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'").fetchone()
    return bool(found) and sqlite3.sqlite_version_info >= _FORGETS


def prepare(connection: sqlite3.Connection, *, anew: bool = False) -> bool:
    """Build the index of words where there is none in use, or one is wanted anew; tell whether there is one now."""
    triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
    in_use = set(_TRIGGERS) <= {name for (name,) in triggers}
    if has_word_index(connection):
        if anew or not in_use:
            with transaction(connection):
                connection.executescript(_dropped() + _WORDS)
        return True
    with transaction(connection):
        # They would fail, and nothing could be kept.
        connection.executescript(_dropped())
    return False


def words_of(text: str) -> list[tuple[str, bool]]:
    """Return the words to look for, and of each whether it is only the beginning of one.

    The last one is, because it may still be typed, and so is any part of a number.
    """
    found: list[tuple[str, bool]] = []
    for written in text[: 4 * MAX_WORDS * MAX_WORD].split():
        word = "".join(filter(str.isprintable, written))
        digits = bare(word)
        number = digits.isdecimal()
        letters = [at for at, letter in enumerate(word) if letter.isalnum()]
        if letters:
            word = word[letters[0] : letters[-1] + 1]
            found.append(((digits if number else word)[:MAX_WORD], number))
    found = found[:MAX_WORDS]
    return [*found[:-1], (found[-1][0], True)] if found else []


class Search:
    """Finds saved clips by words, on the thread that owns the connection."""

    def __init__(self, connection: sqlite3.Connection, clips: ClipTable, indexed: bool) -> None:
        """Work on an open database, with its index of words or without."""
        self._connection = connection
        self._clips = clips
        self._condition = _matching if indexed else _reading

    def search(
        self, line_ids: Collection[str], text: str, query: ClipQuery, limit: int, offset: int
    ) -> Page[Clip]:
        """Return the clips that are asked for and hold every word, newest first; none where there is no word."""
        if not (words := words_of(text)):
            return Page()
        source, condition, sought = self._condition(words)
        where, values = asked_for(self._connection, line_ids, query)
        chosen = f"FROM {source} WHERE {where} AND {condition}"
        values += sought
        (count,) = self._connection.execute(f"SELECT count(*) {chosen}", values).fetchone()
        rows = self._connection.execute(
            f"SELECT clips.number {chosen} ORDER BY started_at DESC, clips.number DESC LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )
        return Page(self._clips.numbered(number for (number,) in rows), count)


def _dropped() -> str:
    return "".join(f"DROP TRIGGER IF EXISTS {name};\n" for name in _TRIGGERS)


def _matching(words: list[tuple[str, bool]]) -> tuple[str, str, list[str]]:
    """Return where the index finds words, as a source, a condition and its values."""
    phrases = [f'"{word.replace('"', '""')}"{"*" * beginning}' for word, beginning in words]
    # Crossed, so that the words come first: SQLite would rather look each clip of a folder up among them.
    return "words CROSS JOIN clips ON clips.number = words.rowid", "words MATCH ?", [" AND ".join(phrases)]


def _reading(words: list[tuple[str, bool]]) -> tuple[str, str, list[str]]:
    """Return where the texts themselves hold words, as a source, a condition and its values."""
    escaped = [word.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") for word, _ in words]
    condition = " AND ".join(r"names || ' ' || numbers || ' ' || transcript LIKE ? ESCAPE '\'" for _ in words)
    return (
        "clip_texts JOIN clips USING (number)",
        condition.replace("transcript", "clip_texts.transcript"),
        [f"%{word}%" for word in escaped],
    )
