import random
import re
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from plugins.quizzes import gift
from plugins.quizzes.gift import Choice, GiftFile, GiftQuestion, Problem

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> GiftFile:
    return gift.read((SAMPLES / name).read_bytes())


def only_question(text: str) -> GiftQuestion:
    found = gift.parse(text)
    assert [problem.message for problem in found.problems] == []
    (question,) = found.questions
    return question


def only_problem(found: GiftFile) -> Problem:
    assert found.questions == ()
    (problem,) = found.problems
    return problem


def texts(question: GiftQuestion) -> list[str]:
    return [choice.text for choice in question.choices]


def test_good_sample_is_read_whole():
    found = sample("good.gift")

    assert found.problems == ()
    kinds = [question.kind for question in found.questions]
    assert len(kinds) == 12
    assert [kinds.count(kind) for kind in ("single", "multiple", "true_false")] == [6, 2, 4]


def test_question_carries_everything_the_file_says():
    first = sample("good.gift").questions[0]

    assert first == GiftQuestion(
        line=5,
        title="Kelas utama",
        text="Nomor kelas utama DDC untuk ilmu agama adalah …",
        text_format="moodle",
        kind="single",
        choices=(
            Choice("200", Decimal(1), True, "Tepat. Kelas 200 memuat ilmu agama."),
            Choice("300", Decimal(0), False, "Kelas 300 memuat ilmu sosial."),
            Choice("500", Decimal(0), False),
            Choice("900", Decimal(0), False),
        ),
        general_feedback="Bagan sepuluh kelas utama ada pada bahan bacaan pertama.",
        category="Pelatihan/Pengolahan",
        tags=("klasifikasi", "DDC"),
        external_id="OLAH-01",
    )


def test_other_kinds_are_named_with_their_line_and_the_rest_is_read():
    found = sample("mixed.gift")

    assert [question.title for question in found.questions] == ["Koleksi", "Penyiangan", "Rak"]
    assert [problem.message for problem in found.problems] == [
        "Line 5: texts without answers cannot be imported yet; this question is left out.",
        "Line 7: essay questions cannot be imported yet; this question is left out.",
        "Line 9: numeric questions cannot be imported yet; this question is left out.",
        "Line 11: short answer questions cannot be imported yet; this question is left out.",
        "Line 13: matching questions cannot be imported yet; this question is left out.",
    ]


def test_missing_brace_names_the_line_where_the_question_begins():
    found = sample("broken.gift")

    assert [question.title for question in found.questions] == ["Anggota", "Ruang baca"]
    (problem,) = found.problems
    assert (problem.line, problem.code) == (6, "brace_not_closed")
    assert problem.message.startswith("Line 6: the closing brace } is missing.")


def test_equals_and_tilde_make_a_single_choice():
    question = only_question("Rak diberi … {=label ~harga ~pita}")

    assert question.kind == "single"
    assert texts(question) == ["label", "harga", "pita"]
    assert [choice.correct for choice in question.choices] == [True, False, False]


def test_partial_credit_in_a_single_choice_is_not_right():
    question = only_question("Rak diberi … {=label ~%50%nomor ~%-25%pita}")

    assert question.kind == "single"
    assert [choice.fraction for choice in question.choices] == [1, Decimal("0.5"), Decimal("-0.25")]
    assert [choice.correct for choice in question.choices] == [True, False, False]


def test_equals_with_full_weight_is_a_single_choice():
    question = only_question("Rak diberi … {=%100%label ~pita}")

    assert (question.kind, texts(question)) == ("single", ["label", "pita"])


@pytest.mark.parametrize(
    "answers",
    [
        "~%50%a ~%50%b ~c",
        "=%50%a =%50%b ~c",
        "~%33.333%a ~%33.333%b ~%33.333%c ~%-50%d",
        "~%33,333%a ~%66,667%b ~c",
        "~% 50 %a ~%50.0%b ~%0%c",
        "~%100%a ~%-100%b",
    ],
)
def test_weights_make_a_multiple_choice(answers):
    question = only_question(f"Pilih. {{{answers}}}")

    assert question.kind == "multiple"
    for choice in question.choices:
        assert choice.correct == (choice.fraction > 0)
        assert "%" not in choice.text
    rights = sum(choice.fraction for choice in question.choices if choice.correct)
    assert abs(rights - 1) <= Decimal("0.01")


@pytest.mark.parametrize("word", ["T", "t", "TRUE", "true", "True", " T "])
def test_true_in_any_case(word):
    right, wrong = only_question(f"Pernyataan. {{{word}}}").choices

    assert right == Choice("true", Decimal(1), True)
    assert wrong == Choice("false", Decimal(0), False)


@pytest.mark.parametrize("word", ["F", "f", "FALSE", "false", "False"])
def test_false_in_any_case(word):
    question = only_question(f"Pernyataan. {{{word}}}")

    assert question.kind == "true_false"
    assert [(choice.text, choice.correct) for choice in question.choices] == [
        ("true", False),
        ("false", True),
    ]


def test_two_feedbacks_of_true_false_are_for_the_wrong_and_the_right_answer():
    true_is_right = only_question("Pernyataan. {T#keliru#tepat}")
    false_is_right = only_question("Pernyataan. {F#keliru#tepat}")

    assert [choice.feedback for choice in true_is_right.choices] == ["tepat", "keliru"]
    assert [choice.feedback for choice in false_is_right.choices] == ["keliru", "tepat"]


def test_one_feedback_of_true_false_is_for_the_wrong_answer():
    question = only_question("Pernyataan. {TRUE#keliru####umum}")

    assert [choice.feedback for choice in question.choices] == ["", "keliru"]
    assert question.general_feedback == "umum"


def test_missing_word_leaves_a_gap_in_the_text():
    question = only_question("Buku dicatat di {=buku induk ~buku tamu}.")

    assert question.text == "Buku dicatat di _____."
    assert texts(question) == ["buku induk", "buku tamu"]


def test_escapes_become_the_characters_they_stand_for():
    question = only_question(
        r"::Jam 08\:00::a \~ b \= c \# d \{ e \} f \: g\nh \\ i {=x \= \{1\} ~y \~#z \# z}"
    )

    assert question.title == "Jam 08:00"
    assert question.text == "a ~ b = c # d { e } f : g\nh \\ i"
    assert texts(question) == ["x = {1}", "y ~"]
    assert question.choices[1].feedback == "z # z"


def test_a_backslash_before_any_other_character_stays():
    question = only_question(r"Folder C:\data dan \alpha {=a\b ~c\\}")

    assert question.text == r"Folder C:\data dan \alpha"
    assert texts(question) == [r"a\b", "c" + "\\"]


def test_an_escaped_backslash_does_not_escape_what_follows():
    question = only_question(r"Pilih. {=a\\~b}")

    assert texts(question) == ["a" + "\\", "b"]


@pytest.mark.parametrize("text_format", ["moodle", "html", "markdown", "plain"])
def test_format_marker_is_taken_off_the_texts(text_format):
    marker = f"[{text_format}]"

    question = only_question(f"::J:: {marker}Teks {{={marker} a # {marker}b ~c####{marker}d}}")

    assert (question.text_format, question.text) == (text_format, "Teks")
    assert texts(question) == ["a", "c"]
    assert (question.choices[0].feedback, question.general_feedback) == ("b", "d")


def test_unknown_format_marker_is_text():
    question = only_question("[wajib] Teks {=[1] ~[2]}")

    assert (question.text_format, question.text) == ("moodle", "[wajib] Teks")
    assert texts(question) == ["[1]", "[2]"]


def test_comments_count_only_at_the_start_of_a_line():
    question = only_question(
        "// satu\nLihat https://contoh.example {\n  // dua\n=a // tiga\n//=x\n~b\n}"
    )

    assert (question.line, question.text) == (2, "Lihat https://contoh.example")
    assert texts(question) == ["a // tiga", "b"]


def test_id_and_tags_stand_in_the_comments_of_their_question():
    found = gift.parse(
        "// [id:A1] [tag:satu] catatan [tag: dua ]\nSatu {T}\n\n"
        "Dua {\n// [tag:kurung \\] siku] [tag:b] [tag:b] [id:] [id:A2] [id:A3]\nF}\n\nTiga {T}"
    )

    assert [(q.external_id, q.tags) for q in found.questions] == [
        ("A1", ("satu", "dua")),
        ("A2", ("kurung ] siku", "b")),
        ("", ()),
    ]


def test_category_holds_until_the_next_one():
    found = gift.parse(
        "Nol {T}\n\n$CATEGORY: $course$/Bab 1\n\nSatu {T}\n\nDua {T}\n$CATEGORY: Bab 2\nTiga {T}"
    )

    assert [(q.text, q.category) for q in found.questions] == [
        ("Nol", ""),
        ("Satu", "$course$/Bab 1"),
        ("Dua", "$course$/Bab 1"),
        ("Tiga", "Bab 2"),
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_line_end_gives_the_same_questions(line_end):
    text = (SAMPLES / "mixed.gift").read_text("utf-8").replace("\n", line_end)

    assert gift.read(text.encode()) == sample("mixed.gift")


def test_byte_order_mark_is_tolerated():
    data = (SAMPLES / "good.gift").read_bytes()

    assert gift.read(b"\xef\xbb\xbf" + data) == gift.read(data)
    assert gift.parse("\ufeff// catatan\nSatu {T}").problems == ()


def test_line_of_white_space_ends_a_question():
    found = gift.parse("Satu {T}\n \t\u00a0\nDua {F}")

    assert [question.line for question in found.questions] == [1, 3]


def test_blank_line_between_braces_is_named_and_costs_one_question():
    found = gift.parse("Satu {\n=a\n\n~b\n}\n\nDua {T}")

    assert [question.text for question in found.questions] == ["Dua"]
    assert [(problem.line, problem.code) for problem in found.problems] == [
        (1, "brace_not_closed"),
        (4, "brace_not_opened"),
    ]


@pytest.mark.parametrize(
    ("block", "code", "fragment"),
    [
        ("Teks {=a ~b", "brace_not_closed", "closing brace } is missing"),
        ("Teks =a ~b}", "brace_not_opened", "opening brace { is missing"),
        ("Teks\n=a\n~b", "brace_not_opened", "opening brace { is missing"),
        ("Te}ks {=a ~b}", "brace_not_opened", "opening brace { is missing"),
        ("Teks {=a ~b}}", "stray_brace", r"Write \{ or \} for a brace"),
        ("Teks {=a {b} ~c}", "stray_brace", r"Write \{ or \} for a brace"),
        ("Satu {T}\nDua {F}", "stray_brace", "leave a blank line"),
        ("Satu {=a ~b\nDua {F}", "stray_brace", "close every question with }"),
        ("::Judul Teks {T}", "title_not_closed", "the title has no end"),
        ("::Judul {=a::b ~c}", "title_not_closed", "the title has no end"),
        ("::J:: {T}", "empty_text", "the question has no text"),
        ("[html] {=a ~b}", "empty_text", "the question has no text"),
        ("{=a ~b}", "empty_text", "the question has no text"),
        ("Teks {BENAR}", "answer_without_mark", "Write = before the right answer"),
        ("Teks {a ~b =c}", "answer_without_mark", "Write = before the right answer"),
        ("Teks {~a ~b}", "no_right_answer", "no answer is right"),
        ("Teks {~%-50%a ~%0%b}", "no_right_answer", "weights such as ~%50%"),
        ("Teks {=a =b ~c}", "several_right_answers", "more than one answer"),
        ("Teks {=a ~%100%b}", "several_right_answers", "more than one answer"),
        ("Teks {=x = 1 ~y}", "several_right_answers", r"write \= for an equals sign"),
        ("Teks {~a}", "too_few_choices", "only one answer"),
        ("Teks {=a" + "~b" * 50 + "}", "too_many_choices", "more than 50 answers"),
        ("Teks {~a = ~b}", "empty_choice", "an answer is empty"),
        ("Teks {=#bagus ~b}", "empty_choice", "an answer is empty"),
        ("Teks {=dua kata ~dua   kata}", "duplicate_choice", "“dua kata” is there twice"),
        ("Teks {~%50%a ~%40%b ~c}", "weights_sum", "add up to 90.0 %"),
        ("Teks {~%33%a ~%33%b ~c}", "weights_sum", "add up to 66.0 %"),
        ("Teks {~%60%a ~%60%b ~c}", "weights_sum", "so that they add up to 100 %."),
        ("Teks {~%150%a ~b}", "bad_weight", "the weight 150 is not possible"),
        ("Teks {=a ~%-100.1%b}", "bad_weight", "the weight -100.1 is not possible"),
        ("[html]Teks {=[plain]a ~b}", "mixed_formats", "Use one format"),
        ("Teks {T#[html]a}", "mixed_formats", "Use one format"),
        ("x" * 5001 + " {T}", "text_too_long", "longer than 5000 characters"),
        ("Teks {=a ~" + "x" * 5001 + "}", "text_too_long", "longer than 5000 characters"),
        ("Teks {T#" + "x" * 5001 + "}", "text_too_long", "longer than 5000 characters"),
        ("::" + "x" * 256 + "::Teks {T}", "label_too_long", "longer than 255 characters"),
        (f"Teks {{T\n// [tag:{'x' * 256}]\n}}", "label_too_long", "longer than 255 characters"),
        (f"Teks {{T\n// [id:{'x' * 256}]\n}}", "label_too_long", "longer than 255 characters"),
        ("Teks {####umum}", "kind_not_supported", "essay questions cannot"),
        ("Teks {#}", "kind_not_supported", "numeric questions cannot"),
        ("Teks {#=%100%3:1 =%50%4 ~#salah}", "kind_not_supported", "numeric questions cannot"),
    ],
)
def test_bad_question_is_named_and_its_neighbours_are_read(block, code, fragment):
    found = gift.parse(f"Awal {{T}}\n\n{block}\n\nAkhir {{F}}")

    assert [question.text for question in found.questions] == ["Awal", "Akhir"]
    (problem,) = found.problems
    assert (problem.line, problem.code) == (3, code)
    assert problem.message.startswith("Line 3: ")
    assert fragment in problem.message


def test_every_question_code_has_an_example_above():
    marks = test_bad_question_is_named_and_its_neighbours_are_read.pytestmark
    examples = {code for _, code, _ in marks[0].args[1]}

    assert examples | {"too_many_questions"} == set(gift._LINE_MESSAGES)


def test_texts_at_the_limit_are_read():
    text, title = "x" * gift.MAX_TEXT, "y" * gift.MAX_LABEL

    question = only_question(f"::{title}::{text} {{={text} ~b}}")

    assert (question.title, question.text) == (title, text)
    assert texts(question) == [text, "b"]


def test_answers_that_differ_in_case_are_different():
    assert texts(only_question("Tulis. {=RDA ~rda}")) == ["RDA", "rda"]


@pytest.mark.parametrize(
    ("data", "code", "fragment"),
    [
        (b"", "no_questions", "holds no questions"),
        (b"\xef\xbb\xbf\r\n \r\n", "no_questions", "holds no questions"),
        (b"// hanya catatan\n\n$CATEGORY: Bab\n", "no_questions", "holds no questions"),
        (b"Satu {T}" + b" " * gift.MAX_BYTES, "too_large", "larger than 5 MB"),
        (b"%PDF-1.7\nSatu {T}", "wrong_format", "The file is PDF, not GIFT."),
        (b"PK\x03\x04\x14\x00", "wrong_format", "The file is ZIP, XLSX, DOCX, not GIFT."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "wrong_format", "XLS, DOC"),
        (b"{\\rtf1\\ansi Satu}", "wrong_format", "RTF"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?><quiz/>", "wrong_format", "XML"),
        (b"Satu {T}\x00\n", "binary", "binary data"),
        ("Satu {T}".encode("utf-16"), "not_utf8", "The file is not UTF-8 text. Save it as UTF-8"),
        ("Caf\u00e9 {T}".encode("latin-1"), "not_utf8", "The file is not UTF-8 text."),
    ],
)
def test_unreadable_file_gets_one_sentence(data, code, fragment):
    problem = only_problem(gift.read(data))

    assert (problem.line, problem.code) == (0, code)
    assert fragment in problem.message


def test_reading_stops_aloud_after_the_limit_of_questions():
    text = "Satu {T}\n\n" * (gift.MAX_QUESTIONS + 1)

    found = gift.parse(text)

    assert len(found.questions) == gift.MAX_QUESTIONS
    (problem,) = found.problems
    assert (problem.line, problem.code) == (2 * gift.MAX_QUESTIONS + 1, "too_many_questions")
    assert "after 5000 questions" in problem.message


def test_characters_that_cannot_be_stored_are_replaced():
    question = only_question("a\x00b\ud83d\udc3ac {T}")

    assert question.text == "a\ufffdb\ufffd\ufffdc"


SEED = 20250617
GOOD_BLOCKS = [
    re.sub(r"(?m)^(//|\$CATEGORY).*\n", "", block)
    for block in (SAMPLES / "good.gift").read_text("utf-8").split("\n\n")
    if "{" in block
]


def mutated(rng: random.Random, text: str, alphabet: str) -> str:
    characters = list(text)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(characters))
        characters[place : place + rng.randint(0, 1)] = rng.choice(["", rng.choice(alphabet)])
    return "".join(characters)


def assert_describes_itself(found: GiftFile, last_line: int) -> None:
    assert found.questions or found.problems
    for problem in found.problems:
        assert 0 <= problem.line <= last_line
        assert "%(" not in problem.message


@pytest.mark.parametrize("case", range(100))
def test_random_bytes_never_raise(case):
    rng = random.Random(SEED + case)
    marks = [b"{", b"}", b"=", b"~", b"#", b"%50%", b"\\", b"::", b"\n", b"//", b"[id:", b"\xff"]
    pieces = [rng.choice([*marks, rng.randbytes(2)]) for _ in range(rng.randint(1, 400))]
    data = b"".join(pieces)

    assert_describes_itself(gift.read(data), 1 + data.count(b"\n") + data.count(b"\r"))
    text = data.decode("utf-8", "surrogateescape")
    assert_describes_itself(gift.parse(text), 1 + text.count("\n") + text.count("\r"))


@pytest.mark.parametrize("case", range(100))
def test_damaged_file_never_raises(case):
    rng = random.Random(SEED + case)
    data = bytearray((SAMPLES / "good.gift").read_bytes())
    for _ in range(rng.randint(1, 40)):
        data[rng.randrange(len(data))] = rng.choice(b"{}=~#%\\:/[]$\n\r 0T\xc3")

    assert_describes_itself(gift.read(bytes(data)), 1 + data.count(b"\n") + data.count(b"\r"))


@pytest.mark.parametrize("case", range(100))
def test_each_damaged_question_is_either_read_or_named(case):
    rng = random.Random(SEED + case)
    # The first character stays and no slash or line end is added: a block remains one block.
    blocks = [block[0] + mutated(rng, block[1:], "{}=~#%\\:[]-5T ") for block in GOOD_BLOCKS]
    starts = [1]
    for block in blocks:
        starts.append(starts[-1] + block.count("\n") + 2)

    found = gift.parse("\n\n".join(blocks))

    named = [item.line for item in (*found.questions, *found.problems)]
    assert sorted(named) == starts[:-1]
    assert_describes_itself(found, starts[-1])


HOSTILE: dict[str, Callable[[int], str]] = {
    "braces": lambda size: "{" * size,
    "closing braces": lambda size: "}" * size,
    "backslashes": lambda size: "\\" * size,
    "escapes": lambda size: "\\n" * (size // 2),
    "colons": lambda size: ":" * size,
    "tildes": lambda size: "x {" + "~" * size + "}",
    "choices": lambda size: "x {=a" + "~b%1" * (size // 4) + "}",
    "hashes": lambda size: "x {T" + "#" * size + "}",
    "digits": lambda size: "x {=a ~%" + "9" * size + "%}",
    "open weight": lambda size: "x {=a ~%" + "9" * size + "}",
    "open labels": lambda size: "// " + "[id:" * (size // 4) + "\nx {T}",
    "escaped labels": lambda size: "// " + "[id:\\]" * (size // 6) + "\nx {T}",
    "spaces": lambda size: "x" + " " * size + "{T}",
    "formats": lambda size: "[html" * (size // 5) + "{T}",
    "comments": lambda size: "x {\n" + "//\n" * (size // 3) + "T}",
    "categories": lambda size: "$CATEGORY:\n" * (size // 11),
    "open questions": lambda size: "a {\n\n" * (size // 5),
}


def seconds_to_parse(text: str) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        gift.parse(text)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("shape", HOSTILE)
def test_effort_grows_with_the_size_of_hostile_input(shape):
    small, large = 2**15, 2**19

    ratio = seconds_to_parse(HOSTILE[shape](large)) / seconds_to_parse(HOSTILE[shape](small))

    # 16 times the size: about 16 when linear, 256 when quadratic.
    assert ratio < 80


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_megabyte_of_hostile_input_is_answered(shape):
    found = gift.read(HOSTILE[shape](2**20).encode())

    assert found.questions or found.problems
