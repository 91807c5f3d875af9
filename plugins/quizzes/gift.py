"""Read a GIFT file into questions, and into one sentence for each question that cannot be read.

Pure: no request, no database. Knows single choice, multiple choice and true/false; any other kind
is named with its line and left out. It neither stores questions nor writes GIFT.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from typing import Literal

from flask_babel import lazy_gettext as _l

MAX_BYTES = 5 * 1024 * 1024
MAX_QUESTIONS = 5000
MAX_CHOICES = 50
MAX_TEXT = 5000
MAX_LABEL = 255
MISSING_WORD = "_____"

Kind = Literal["single", "multiple", "true_false"]

_FILE_MESSAGES = {
    "too_large": _l(
        "The file is larger than %(limit)s MB. Split it into smaller files and try again."
    ),
    "wrong_format": _l(
        "The file is %(found)s, not GIFT. Save the questions as GIFT text in UTF-8 and try again."
    ),
    "binary": _l("The file holds binary data, not text. Choose a GIFT file saved as UTF-8 text."),
    "not_utf8": _l("The file is not UTF-8 text. Save it as UTF-8 and try again."),
    "no_questions": _l("The file holds no questions. Choose a GIFT file with questions in it."),
}
_LINE_MESSAGES = {
    "too_many_questions": _l(
        "Line %(line)s: reading stopped here, after %(limit)s questions. "
        "Put the rest into another file."
    ),
    "kind_not_supported": _l(
        "Line %(line)s: %(kind)s cannot be imported yet; this question is left out."
    ),
    "title_not_closed": _l(
        "Line %(line)s: the title has no end. Write :: before and after the title."
    ),
    "label_too_long": _l(
        "Line %(line)s: the title, the id or a tag is longer than %(limit)s characters. Shorten it."
    ),
    "brace_not_closed": _l(
        "Line %(line)s: the closing brace } is missing. "
        "Put } after the last answer and remove blank lines between the braces."
    ),
    "brace_not_opened": _l(
        "Line %(line)s: the opening brace { is missing. "
        "Put { before the first answer and remove blank lines between the braces."
    ),
    "stray_brace": _l(
        "Line %(line)s: there is one brace too many. Write \\{ or \\} for a brace in a text, "
        "close every question with } and leave a blank line before the next one."
    ),
    "empty_text": _l("Line %(line)s: the question has no text. Write it before the brace {."),
    "text_too_long": _l(
        "Line %(line)s: a text is longer than %(limit)s characters. "
        "Shorten it; check that blank lines separate the questions."
    ),
    "mixed_formats": _l(
        "Line %(line)s: an answer or feedback has another text format than the question. "
        "Use one format, such as [html], for the whole question."
    ),
    "answer_without_mark": _l(
        "Line %(line)s: an answer has no mark. Write = before the right answer and ~ before "
        "each wrong one, or only TRUE or FALSE."
    ),
    "bad_weight": _l(
        "Line %(line)s: the weight %(weight)s is not possible. "
        "Use a number from -100 to 100 between percent signs."
    ),
    "too_few_choices": _l(
        "Line %(line)s: there is only one answer. Add at least one more, marked with ~."
    ),
    "too_many_choices": _l(
        "Line %(line)s: there are more than %(limit)s answers. Remove some, "
        "and write \\= or \\~ for these characters in a text."
    ),
    "empty_choice": _l(
        "Line %(line)s: an answer is empty. Write its text, or remove the = or ~ before it."
    ),
    "duplicate_choice": _l(
        "Line %(line)s: the answer “%(choice)s” is there twice. Change or remove one of them."
    ),
    "no_right_answer": _l(
        "Line %(line)s: no answer is right. Write = before the right answer, "
        "or give weights such as ~%%50%% to several right answers."
    ),
    "several_right_answers": _l(
        "Line %(line)s: more than one answer is marked as fully right. Give several right answers "
        "weights such as ~%%50%%, and write \\= for an equals sign in a text."
    ),
    "weights_sum": _l(
        "Line %(line)s: the weights of the right answers add up to %(total)s %%. "
        "Change them so that they add up to 100 %%."
    ),
}
_MESSAGES = _FILE_MESSAGES | _LINE_MESSAGES
_KIND_NAMES = {
    "description": _l("texts without answers"),
    "essay": _l("essay questions"),
    "matching": _l("matching questions"),
    "numeric": _l("numeric questions"),
    "short_answer": _l("short answer questions"),
}
_SIGNATURES = {
    b"%PDF-": "PDF",
    b"PK\x03\x04": "ZIP, XLSX, DOCX",
    b"\xd0\xcf\x11\xe0": "XLS, DOC",
    b"{\\rtf": "RTF",
    b"<?xml": "XML",
}

_CATEGORY = "$CATEGORY:"
_TRUTH = {"T": True, "TRUE": True, "F": False, "FALSE": False}

# An escaped character travels as a low surrogate, which decoded text never holds, so that a plain
# search for a brace or a mark finds only those that mean something.
_SURROGATES = 0xDC00
# NUL has no place in a text column, a lone surrogate none in UTF-8.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_ESCAPE = re.compile(r"\\([\\~=#{}:n])")
_ESCAPED = re.compile(r"[\udc00-\udc7f]")

# No "[" inside a label: each search then ends at the next bracket and a line is read in one pass.
_COMMENT_LABEL = re.compile(r"\[(id|tag):((?:\\\]|[^\[\]])*)\]")
_FORMAT = re.compile(r"\[(moodle|html|markdown|plain)\]", re.IGNORECASE)
_MARK = re.compile(r"([=~])")
_WEIGHT = re.compile(r"\s*%\s*([+-]?[0-9]+(?:[.,][0-9]*)?)\s*%")


@dataclass(frozen=True)
class Problem:
    """What is wrong and where; `line` is 0 when it is the file as a whole."""

    line: int
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The sentence in the language of whoever asks for it."""
        values = {"line": self.line, **self.params}
        if "kind" in values:
            values["kind"] = str(_KIND_NAMES[str(values["kind"])])
        return str(_MESSAGES[self.code] % values)


@dataclass(frozen=True)
class Choice:
    """An answer to choose; `fraction` is its share of the mark, from -1 to 1."""

    text: str
    fraction: Decimal
    correct: bool
    feedback: str = ""


@dataclass(frozen=True)
class GiftQuestion:
    """A question as written: markup stays in the texts, which all share `text_format`.

    The choices of a true/false question are the words "true" and "false", in this order.
    """

    line: int
    title: str
    text: str
    text_format: str
    kind: Kind
    choices: tuple[Choice, ...]
    general_feedback: str
    category: str
    tags: tuple[str, ...]
    external_id: str


@dataclass(frozen=True)
class GiftFile:
    questions: tuple[GiftQuestion, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Block:
    """The lines between two blank lines, without comments; `labels` stood in the comments."""

    line: int
    text: str
    labels: tuple[tuple[str, str], ...]
    category: str


class _Refusal(Exception):
    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def read(data: bytes) -> GiftFile:
    """Read an uploaded file; whatever the bytes are, nothing is raised."""
    problem = _unreadable(data)
    return GiftFile((), (problem,)) if problem else parse(data.decode("utf-8-sig"))


def parse(text: str) -> GiftFile:
    """Read GIFT text: every block of lines ends as one question or as one problem."""
    blocks = _blocks(_escape(text))
    questions: list[GiftQuestion] = []
    problems: list[Problem] = []
    for block in islice(blocks, MAX_QUESTIONS):
        try:
            questions.append(_question(block))
        except _Refusal as refusal:
            problems.append(Problem(block.line, refusal.code, refusal.params))
    if rest := next(blocks, None):
        problems.append(Problem(rest.line, "too_many_questions", {"limit": MAX_QUESTIONS}))
    if not questions and not problems:
        problems.append(Problem(0, "no_questions"))
    return GiftFile(tuple(questions), tuple(problems))


def _unreadable(data: bytes) -> Problem | None:
    if len(data) > MAX_BYTES:
        return Problem(0, "too_large", {"limit": MAX_BYTES // 1024**2})
    start = data[:64].removeprefix(codecs.BOM_UTF8).lstrip()
    for signature, found in _SIGNATURES.items():
        if start.startswith(signature):
            return Problem(0, "wrong_format", {"found": found})
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Problem(0, "not_utf8")
    if b"\0" in data:
        return Problem(0, "binary")
    return None if _is_utf8(data) else Problem(0, "not_utf8")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _escape(text: str) -> str:
    storable = _UNSTORABLE.sub("\ufffd", text.removeprefix("\ufeff"))
    return _ESCAPE.sub(lambda found: chr(_SURROGATES + ord(found[1])), storable)


def _plain(text: str) -> str:
    """Undo `_escape`, now without the backslashes."""
    return _ESCAPED.sub(_unescaped, text).strip()


def _unescaped(found: re.Match[str]) -> str:
    character = chr(ord(found[0]) - _SURROGATES)
    return "\n" if character == "n" else character


def _blocks(text: str) -> Iterator[_Block]:
    """The format ends a question at a blank line, even between braces, so that one forgotten
    brace costs one question."""
    category = ""
    content: list[tuple[int, str]] = []
    comments: list[str] = []
    for number, line in enumerate([*_lines(text), ""], start=1):
        if line.startswith("//"):
            comments.append(line)
        elif line and not line.startswith(_CATEGORY):
            content.append((number, line))
        else:
            if content:
                lines = "\n".join(line for _, line in content)
                yield _Block(content[0][0], lines, _labels(comments), category)
            content, comments = [], []
            category = _plain(line.removeprefix(_CATEGORY)) if line else category


def _lines(text: str) -> list[str]:
    # Not splitlines(), which also splits at characters that no editor counts as a line end.
    return [line.strip() for line in re.split(r"\r\n|\r|\n", text)]


def _labels(comments: list[str]) -> tuple[tuple[str, str], ...]:
    found = (label for comment in comments for label in _COMMENT_LABEL.findall(comment))
    labels = ((name, _plain(value.replace("\\]", "]"))) for name, value in found)
    return tuple((name, value) for name, value in labels if value)


def _question(block: _Block) -> GiftQuestion:
    title, rest = _split_title(block.text)
    stem, answers = _split_answers(rest)
    answers, general_feedback = _split_general_feedback(answers)
    _refuse_other_kinds(answers)
    text_format = _format_of(stem)
    text = _part(stem, text_format)
    if not text:
        raise _Refusal("empty_text")
    kind, choices = _true_false(answers, text_format) or _choices(answers, text_format)
    return GiftQuestion(
        line=block.line,
        title=_label(title),
        text=text,
        text_format=text_format,
        kind=kind,
        choices=choices,
        general_feedback=_part(general_feedback, text_format),
        category=block.category,
        tags=_tags(block),
        external_id=_external_id(block),
    )


def _split_title(text: str) -> tuple[str, str]:
    if not text.startswith("::"):
        return "", text
    title, end, rest = text[2:].partition("::")
    if not end or "{" in title or "}" in title:
        raise _Refusal("title_not_closed")
    return " ".join(_plain(title).split()), rest


def _split_answers(text: str) -> tuple[str, str]:
    """The question without its answers, and what stands between the braces."""
    before, opening, rest = text.partition("{")
    answers, closing, after = rest.partition("}")
    if "}" in before or (not opening and _has_answer_lines(text)):
        raise _Refusal("brace_not_opened")
    if not opening:
        raise _Refusal("kind_not_supported", kind="description")
    if not closing:
        raise _Refusal("brace_not_closed")
    if re.search("[{}]", answers + after):
        raise _Refusal("stray_brace")
    return (before + MISSING_WORD + after if after.strip() else before), answers.strip()


def _has_answer_lines(text: str) -> bool:
    return any(line.startswith(("=", "~")) for line in text.split("\n"))


def _split_general_feedback(answers: str) -> tuple[str, str]:
    before, mark, after = answers.rpartition("####")
    return (before.strip(), after) if mark else (answers, "")


def _refuse_other_kinds(answers: str) -> None:
    if not answers:
        raise _Refusal("kind_not_supported", kind="essay")
    if answers.startswith("#"):
        raise _Refusal("kind_not_supported", kind="numeric")
    if "~" in answers or _truth(answers) is not None:
        return
    if "=" not in answers:
        raise _Refusal("answer_without_mark")
    raise _Refusal("kind_not_supported", kind="matching" if "->" in answers else "short_answer")


def _format_of(stem: str) -> str:
    marker = _FORMAT.match(stem.lstrip())
    return marker[1].lower() if marker else "moodle"


def _part(text: str, text_format: str) -> str:
    """One text of a question, free of escapes and of the marker of its format."""
    text = text.lstrip()
    marker = _FORMAT.match(text)
    if marker and marker[1].lower() != text_format:
        raise _Refusal("mixed_formats")
    plain = _plain(text[marker.end() :] if marker else text)
    if len(plain) > MAX_TEXT:
        raise _Refusal("text_too_long", limit=MAX_TEXT)
    return plain


def _truth(answers: str) -> bool | None:
    return _TRUTH.get(answers.partition("#")[0].strip().upper())


def _true_false(answers: str, text_format: str) -> tuple[Kind, tuple[Choice, ...]] | None:
    """The first feedback is for whoever answers wrongly, the second for whoever is right."""
    truth = _truth(answers)
    if truth is None:
        return None
    _, wrong, right = (*answers.split("#", 2), "", "")[:3]
    feedback = {truth: _part(right, text_format), not truth: _part(wrong, text_format)}
    return "true_false", (
        Choice("true", Decimal(truth), truth, feedback[True]),
        Choice("false", Decimal(not truth), not truth, feedback[False]),
    )


def _choices(answers: str, text_format: str) -> tuple[Kind, tuple[Choice, ...]]:
    before, *marked = _MARK.split(answers)
    if before.strip():
        raise _Refusal("answer_without_mark")
    marks = marked[::2]
    if len(marks) > MAX_CHOICES:
        raise _Refusal("too_many_choices", limit=MAX_CHOICES)
    choices = [_choice(*pair, text_format) for pair in zip(marks, marked[1::2], strict=True)]
    _check_texts(choices)
    full = [mark for mark, choice in zip(marks, choices, strict=True) if choice.fraction == 1]
    if len(full) > 1:
        raise _Refusal("several_right_answers")
    if full == ["="]:
        return "single", tuple(replace(choice, correct=choice.fraction == 1) for choice in choices)
    _check_weights(choices)
    return "multiple", tuple(choices)


def _choice(mark: str, answer: str, text_format: str) -> Choice:
    fraction, answer = _split_weight(answer)
    if fraction is None:
        fraction = Decimal(mark == "=")
    text, _, feedback = answer.partition("#")
    return Choice(_part(text, text_format), fraction, fraction > 0, _part(feedback, text_format))


def _split_weight(answer: str) -> tuple[Decimal | None, str]:
    written = _WEIGHT.match(answer)
    if not written:
        return None, answer
    weight = Decimal(written[1].replace(",", "."))
    if not -100 <= weight <= 100:
        raise _Refusal("bad_weight", weight=written[1][:20])
    return weight / 100, answer[written.end() :]


def _check_texts(choices: list[Choice]) -> None:
    if len(choices) < 2:
        raise _Refusal("too_few_choices")
    seen: set[str] = set()
    for choice in choices:
        text = " ".join(choice.text.split())
        if not text:
            raise _Refusal("empty_choice")
        if text in seen:
            raise _Refusal("duplicate_choice", choice=text[:60])
        seen.add(text)


def _check_weights(choices: list[Choice]) -> None:
    total = sum(choice.fraction for choice in choices if choice.correct)
    if not total:
        raise _Refusal("no_right_answer")
    # Thirds and sixths are written rounded: 33.333 three times is meant as 100.
    if abs(total - 1) > Decimal("0.01"):
        raise _Refusal("weights_sum", total=f"{total * 100:.1f}")


def _tags(block: _Block) -> tuple[str, ...]:
    tags = (_label(value) for name, value in block.labels if name == "tag")
    return tuple(dict.fromkeys(tags))


def _external_id(block: _Block) -> str:
    return next((_label(value) for name, value in block.labels if name == "id"), "")


def _label(text: str) -> str:
    if len(text) > MAX_LABEL:
        raise _Refusal("label_too_long", limit=MAX_LABEL)
    return text
