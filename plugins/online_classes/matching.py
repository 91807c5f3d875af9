"""Who somebody in a report may be, by the name as written there and the institutions in it.

Pure rules without a database. They only propose: nobody is credited by a name alone, and two
people of one name are both shown, neither proposed.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

from core.api import name_key

NameFit = Literal["same", "alike", "part", ""]
PlaceFit = Literal["own", "above", "other", ""]
# The e-mail is the person's registered one; somebody in this class has decided that the e-mail,
# or a name written just so, is the person's; "earlier" is such a name in the same session, where
# two people may have shared it.
Known = Literal["registered", "decided", "named", "earlier", ""]

STRONG = 3
MOST_WORDS = 20
MOST_JOINED = 5
MOST_SHOWN = 5

# Beside a name and in that of an institution these words tell nobody apart.
COMMON = frozenset(
    "admin bapak contoh daerah dan desa dinas dispersip disperpus dispusip dusun gampong host ibu "
    "jalan kab kabupaten kantor kearsipan kec kecamatan kel kelurahan kota nagari panitia peserta "
    "perpus perpusda perpusdes perpusdesa perpustakaan pust pustaka pustakawan prof prov provinsi "
    "taman bacaan masyarakat tbm umum zoom".split()
)
_ONE_SPELLING = {
    spelling: usual
    for usual, others in {
        "muhammad": "mhd moch mochamad mochammad moh mohamad mohammad muchamad muchammad muh "
        "muhamad",
        "abdul": "abd",
    }.items()
    for spelling in others.split()
}


@dataclass(frozen=True)
class Place:
    """An institution where people of the class work, or an area above it."""

    id: int
    names: tuple[str, ...]
    is_area: bool = False


@dataclass(frozen=True)
class Person:
    """Somebody who may be meant; `homes` and `above` are ids of places."""

    id: int
    name: str
    homes: frozenset[int] = frozenset()
    above: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Candidate:
    """How well a person fits; `namesake` where another one has the same name.

    `at_once`: who is called so was there on two devices at the same time, so perhaps two people.
    """

    person_id: int
    name: NameFit = ""
    place: PlaceFit = ""
    namesake: bool = False
    known: Known = ""
    at_once: bool = False

    @property
    def strength(self) -> int:
        """3 strong, 2 fair, 1 weak: name and institution agree, one of them, hardly anything."""
        if self.at_once:
            return 1
        if self.known in {"registered", "decided"}:
            return STRONG if self.known == "decided" else 2
        if self.known == "named" or (self.name == "same" and self.place == "own"):
            return 2 if self.namesake else STRONG
        if self.name == "same":
            return 1 if self.place == "other" else 2
        return 2 if self.known or (self.name and self.place == "own") else 1


def proposed(candidates: Sequence[Candidate]) -> Candidate | None:
    """The one whom everything points at; None where it is nobody or more than one."""
    strong = [candidate for candidate in candidates if candidate.strength == STRONG]
    return strong[0] if len(strong) == 1 else None


class NameBook:
    """The people of a class, their names taken apart once to be compared with many others."""

    def __init__(self, people: Iterable[Person], places: Iterable[Place] = ()) -> None:
        self._people = {person.id: person for person in people}
        self._words = {key: _words(person.name) for key, person in self._people.items()}
        self._namesakes = Counter(frozenset(words) for words in self._words.values())
        self._spellings = [(p, words) for p in places for words in _telling_words(p.names)]
        self._by_word: defaultdict[str, set[int]] = defaultdict(set)
        self._by_home: defaultdict[int, set[int]] = defaultdict(set)
        for key, person in self._people.items():
            for word in {*self._words[key], "".join(self._words[key])}:
                for spelling in _spellings(word):
                    self._by_word[spelling].add(key)
            for home in person.homes:
                self._by_home[home].add(key)

    def candidates(self, written: str, known: Mapping[int, Known] | None = None) -> list[Candidate]:
        """Those who may be meant, the likeliest first. `known`: person → what else tells."""
        spoken = _Spoken(_words(written)[:MOST_WORDS])
        mentioned = [(p, telling) for p, telling in self._spellings if spoken.has_all(telling)]
        known = known or {}
        keys = known.keys() | self._sounding_like(spoken) | self._working_at(mentioned)
        found = [self._fit(key, spoken, mentioned, known.get(key, "")) for key in keys]
        found = self._without_shorter(found)
        telling = [one for one in found if _tells(one)]
        named = [one for one in telling if one.name or one.known]
        if not named and len(telling) > MOST_SHOWN:
            return []  # a large institution, and nothing more
        return sorted(named or telling, key=self._rank)[:MOST_SHOWN]

    def named(self, written: str) -> set[int]:
        """Those whose whole name stands there."""
        return {one.person_id for one in self.candidates(written) if one.name == "same"}

    def _sounding_like(self, spoken: "_Spoken") -> set[int]:
        return set().union(*(self._by_word.get(spelling, ()) for spelling in spoken.spellings))

    def _working_at(self, mentioned: Iterable[tuple[Place, frozenset[str]]]) -> set[int]:
        return set().union(*(self._by_home.get(place.id, ()) for place, _words in mentioned))

    def _fit(
        self,
        key: int,
        spoken: "_Spoken",
        mentioned: Sequence[tuple[Place, frozenset[str]]],
        known: Known,
    ) -> Candidate:
        person, name = self._people[key], self._words[key]
        fit = _name_fit(name, spoken, {word for _place, telling in mentioned for word in telling})
        beside = _Spoken(_rest(spoken.words, name)) if fit else spoken
        places = [(place, telling) for place, telling in mentioned if beside.has_all(telling)]
        if fit == "same" and _unexplained(beside.words, name, places):
            fit = "alike"
        namesake = self._namesakes[frozenset(name)] > 1
        return Candidate(key, fit, _place_fit(person, places), namesake, known)

    def _without_shorter(self, found: list[Candidate]) -> list[Candidate]:
        """In "Dwi Lestari Puspita" stands "Dwi Lestari" too; the longer name is the one meant."""
        whole = [set(self._words[one.person_id]) for one in found if one.name == "same"]
        return [
            replace(one, name="part")
            if one.name and any(set(self._words[one.person_id]) < longer for longer in whole)
            else one
            for one in found
        ]

    def _rank(self, one: Candidate) -> tuple[object, ...]:
        order = ("same", "alike", "part", "")
        return -one.strength, order.index(one.name), one.place != "own", self._words[one.person_id]


class _Spoken:
    """Words as they stand, joined with their neighbours, and in near spellings."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self.joined = _joined(words)
        self.initials = {word for word in words if len(word) == 1}

    @cached_property
    def spellings(self) -> frozenset[str]:
        return frozenset().union(*map(_spellings, self.joined))

    def has(self, word: str) -> bool:
        return word in self.joined or not self.spellings.isdisjoint(_spellings(word))

    def has_all(self, telling: Iterable[str]) -> bool:
        return all(self.has(word) or _skeleton(word) in self.joined for word in telling)


def _tells(one: Candidate) -> bool:
    """Whether anything speaks for the person, and not more against."""
    if one.known or one.name == "same":
        return True
    return one.place != "other" if one.name else one.place == "own"


def _words(text: str) -> list[str]:
    return [_ONE_SPELLING.get(word, word) for word in name_key(text).split()]


def _joined(words: Sequence[str]) -> frozenset[str]:
    """Each word, and what it makes with those after it: "nur aini" is also "nuraini"."""
    return frozenset(
        "".join(words[first : last + 1])
        for first in range(len(words))
        for last in range(first, min(first + MOST_JOINED, len(words)))
    )


@lru_cache(maxsize=20_000)
def _spellings(word: str) -> frozenset[str]:
    """Two words of which one letter differs have one of these in common."""
    if len(word) < 5 or word.isdecimal():
        return frozenset({word})
    return frozenset({word, *(word[:i] + word[i + 1 :] for i in range(len(word)))})


def _skeleton(word: str) -> str:
    """As people shorten a word: "tbngn" is "tabunganen"; nothing where too little is left."""
    letters = [letter for letter in word[1:] if letter not in "aeiou"]
    once = [b for a, b in zip([word[:1], *letters], letters, strict=False) if a != b]
    short = word[:1] + "".join(once)
    return short if len(short) >= 4 else ""


def _telling_words(names: Iterable[str]) -> set[frozenset[str]]:
    """What of each name tells the institution from others."""
    found = (
        frozenset(w for w in _words(name) if w not in COMMON and (len(w) > 1 or w.isdecimal()))
        for name in names
    )
    return {words for words in found if words}


def _name_fit(name: Sequence[str], spoken: _Spoken, of_places: Collection[str]) -> NameFit:
    whole = [word for word in name if len(word) > 1] or list(name)
    if "".join(name) in spoken.joined or all(word in spoken.joined for word in whole):
        return "same"
    near = [word for word in whole if spoken.has(word)]
    if any(len(word) >= 4 for word in near) and all(
        word in near or word[0] in spoken.initials for word in whole
    ):
        return "alike"
    shared = [word for word in near if len(word) >= 4 and word in spoken.joined]
    return "part" if any(word not in of_places for word in shared) else ""


def _rest(words: Sequence[str], name: Sequence[str]) -> list[str]:
    """What stands beside the name: without the words, alone or joined, that make parts of it."""
    known = frozenset().union(*map(_spellings, _joined(name)))
    rest, first = [], 0
    while first < len(words):
        ends = range(min(first + MOST_JOINED, len(words)), first, -1)
        fitting = (e for e in ends if not known.isdisjoint(_spellings("".join(words[first:e]))))
        end = next(fitting, first)
        if end == first:
            rest.append(words[first])
            end += 1
        first = end
    return rest


def _unexplained(
    rest: Sequence[str], name: Sequence[str], places: Iterable[tuple[Place, frozenset[str]]]
) -> bool:
    """Whether more of a name may stand there than the person's: "Sukarno Hatta" for "Sukarno"."""
    told = frozenset(s for _place, words in places for w in words for s in (w, _skeleton(w)))
    initials = {word for word in name if len(word) == 1}
    left = _rest(rest, [*told]) if told else rest
    return any(
        len(word) >= 4 and word.isalpha() and word not in COMMON and word[0] not in initials
        for word in left
    )


def _place_fit(person: Person, places: Iterable[tuple[Place, frozenset[str]]]) -> PlaceFit:
    areas = {place.id for place, _words in places if place.is_area}
    houses = {place.id for place, _words in places if not place.is_area}
    if areas and not areas & (person.homes | person.above):
        return "other"
    if houses:
        return "own" if houses & person.homes else "other"
    if areas:
        return "own" if areas & person.homes else "above"
    return ""
