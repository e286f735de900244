"""Sentences in two languages: paragraphs of help pages in English and German."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from worlds.real_data.catalogue import MANUAL
from worlds.real_data.parts import PARTS, Part, part_of

SHORTEST, LONGEST = 20, 400
"""Characters of paragraphs that count, in either language."""
_OTHERWISE = re.compile(r'<span hidden="true"[^>]*\sclass="[^"]*"[^>]*>.*?</span>', re.DOTALL)
"""What is said on one system or in one program only: what is said everywhere else stands beside it."""
_PARAGRAPH = re.compile(r'<(p|h\d)\s[^>]*?id="([^"]+)"[^>]*>(.*?)</\1>', re.DOTALL)


class Pair(NamedTuple):
    """The same in two languages."""

    english: str
    german: str


def pairs(part: Part) -> list[Pair]:
    """The translated paragraphs of the pages that belong to a part, in the order of their places.

    None whose English stands in an earlier part, or twice.

    Raises: PhysimError where the manual was not fetched.
    """
    return list(_parts()[part])


@lru_cache(maxsize=1)
def _parts() -> dict[Part, list[Pair]]:
    english, german = _pages("en-US"), _pages("de")
    seen: set[str] = set()
    found: dict[Part, list[Pair]] = {}
    for part in PARTS:
        found[part] = []
        for page in sorted(set(english) & set(german)):
            if part_of(page) != part:
                continue
            for pair in _aligned(english[page], german[page]):
                if pair.english not in seen:
                    found[part].append(pair)
                    seen.add(pair.english)
    return found


def _pages(language: str) -> dict[str, Path]:
    """The pages of a language by their places in it."""
    root = f"{language}/text/"
    return {path.as_posix().partition(root)[2]: path for path in MANUAL.paths(f"{root}*.html")}


def _aligned(english: Path, german: Path) -> list[Pair]:
    """The paragraphs of one page in both languages that are neither too short nor too long, nor left as they were."""
    ours, theirs = _paragraphs(english), _paragraphs(german)
    both = [Pair(ours[key], theirs[key]) for key in ours if key in theirs]
    fitting = [pair for pair in both if all(SHORTEST <= len(text) <= LONGEST for text in pair)]
    return [pair for pair in fitting if pair.english != pair.german]


def _paragraphs(page: Path) -> dict[str, str]:
    """Paragraphs and headings by their ids, without markup."""
    found = _PARAGRAPH.findall(page.read_text(encoding="utf-8"))
    return {key: _plain(body) for _, key, body in found}


def _plain(body: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", _OTHERWISE.sub("", body))).split())
