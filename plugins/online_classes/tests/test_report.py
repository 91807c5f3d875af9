import random
import zipfile
from datetime import UTC, date, datetime, timedelta, timezone
from io import BytesIO

import pytest

from plugins.online_classes.report import Fault, ReportRow, ReportUnreadable, read_report
from plugins.online_classes.report_names import split_name
from plugins.online_classes.report_writing import write_flat_2020, write_with_meeting
from plugins.online_classes.tests import samples
from plugins.online_classes.tests.samples import END, LAYOUTS, NUMBER, START, STAYS, TOPIC, at

DAY = START.date()
HEAD = "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes)\n"
TIMES = "11/23/2026 08:30:00 AM,11/23/2026 09:30:00 AM,60"
# Each stay of the samples as the layouts with times tell it.
INTERVALS = [
    ("Panitia", "", "panitia@contoh.id", 0, 180),
    ("siti", "Siti Aminah", "siti@contoh.id", 1, 90.25),
    ("siti", "Siti Aminah", "siti@contoh.id", 92, 180),
    ("Budi Santoso, S.Pd.", "", "", 4, 170),
    ("6281234567890", "", "", 10, 20),
]
WITHOUT_TIMES = ("totals_2020", "totals_2023", "indonesian_totals")
WITH_TIMES = [name for name in LAYOUTS if name not in WITHOUT_TIMES]


def read(text, **options):
    return read_report(text.encode(), "participants.csv", **options)


def only_row(line, head=HEAD):
    (row,) = read(f"{head}{line}\n").rows
    return row


def faults_of(line):
    """The faults beside one good row."""
    report = read(f"{HEAD}Panitia,,{TIMES}\n{line}\n")
    assert [row.name for row in report.rows] == ["Panitia"]
    return report.faults


def refusal(data, name="participants.csv"):
    with pytest.raises(ReportUnreadable) as refused:
        read_report(data, name)
    return refused.value.message


def intervals(report, *, to_the_minute=False):
    def since_start(moment):
        minutes = (moment - START) / timedelta(minutes=1)
        return int(minutes) if to_the_minute else minutes

    return [
        (row.name, row.original_name, row.email, since_start(row.joined), since_start(row.left))
        for row in report.rows
    ]


def people(report):
    return [(row.name, row.original_name, row.email) for row in report.rows]


# Layouts


@pytest.mark.parametrize("layout", [name for name in WITH_TIMES if name != "japanese"])
def test_each_layout_with_times_tells_the_same_stays(layout):
    report = read_report(LAYOUTS[layout](STAYS), near=DAY)

    assert report.layout == "intervals"
    assert intervals(report) == INTERVALS
    assert [row.seconds for row in report.rows] == [10800, 5355, 5280, 9960, 600]
    assert report.faults == ()


def test_the_japanese_layout_tells_times_to_the_minute():
    report = read_report(samples.japanese(), near=DAY)

    assert intervals(report) == [
        (name, original, email, int(joined), int(left))
        for name, original, email, joined, left in INTERVALS
    ]
    assert report.date_orders == ("ymd",)


@pytest.mark.parametrize("layout", WITHOUT_TIMES)
def test_a_layout_of_unique_users_tells_minutes_and_no_times(layout):
    report = read_report(LAYOUTS[layout](STAYS))

    assert (report.layout, report.date_orders) == ("totals", ())
    assert [row.seconds for row in report.rows] == [10800, 178 * 60, 9960, 600]
    assert {(row.joined, row.left) for row in report.rows} == {(None, None)}
    assert people(report)[1] == ("siti", "Siti Aminah", "siti@contoh.id")


@pytest.mark.parametrize(
    "layout", ["with_meeting_2021", "with_meeting_2023", "one_table", "indonesian"]
)
def test_the_meeting_is_read_where_the_layout_tells_it(layout):
    report = read_report(LAYOUTS[layout](STAYS))

    assert (report.meeting_number, report.topic) == (NUMBER, TOPIC)
    assert (report.starts, report.ends) == (START, END)


def test_a_report_without_meeting_names_none():
    report = read_report(samples.flat_2020(), "laporan.csv")

    assert (report.meeting_number, report.topic) == (None, "")
    assert (report.starts, report.ends) == (None, None)


def test_the_meeting_number_is_also_known_from_the_name_that_zoom_gives_the_file():
    report = read_report(samples.flat_2020(), "participants_81234567890 (1).csv")

    assert report.meeting_number == NUMBER


def test_the_meeting_number_in_the_file_counts_more_than_its_name():
    report = read_report(samples.indonesian(), "participants_999999999.csv")

    assert report.meeting_number == NUMBER


def test_a_meeting_number_that_excel_has_shortened_is_not_guessed():
    data = samples.indonesian().replace(b"812 3456 7890", b'"8,12346E+10"')

    assert read_report(data, "participants_81234567890.csv").meeting_number is None


@pytest.mark.parametrize(
    ("layout", "language"),
    [("flat_2020", "en"), ("with_meeting_2023", "en"), ("indonesian", "id"),
     ("indonesian_totals", "id"), ("italian", "it"), ("japanese", "ja")],
)  # fmt: skip
def test_the_language_is_told_by_the_headers(layout, language):
    assert read_report(LAYOUTS[layout](STAYS)).language == language


def test_columns_are_found_by_their_words_and_not_by_their_place():
    report = read(
        "Guest,LEAVE  TIME,Join time,Country,Email,Name (original  name)\n"
        "Yes,11/23/2026 09:30:00 AM,11/23/2026 08:30:00 AM,ID,siti@contoh.id,siti (Siti Aminah)\n"
    )

    assert people(report) == [("siti", "Siti Aminah", "siti@contoh.id")]
    assert (report.rows[0].guest, report.rows[0].seconds) == (True, 3600)


def test_the_host_of_one_table_is_not_taken_for_a_participant():
    data = samples.one_table().replace(b"siti (Siti Aminah),Siti@Contoh.id", b"siti,")

    report = read_report(data)

    assert people(report)[1] == ("siti", "", "")


def test_one_table_without_e_mails_of_participants_gives_nobody_that_of_the_host():
    report = read(
        "Topic,Meeting ID,User Email,Duration (Minutes),Name (Original Name),Join Time,Leave Time\n"
        f"Bimtek,81234567890,panitia@contoh.id,180,Siti,{TIMES.rsplit(',', 1)[0]}\n"
    )

    assert people(report) == [("Siti", "", "")]


def test_one_table_of_two_meetings_is_refused():
    other = samples.one_table().replace(b"81234567890", b"81234567891").split(b"\r\n", 1)[1]

    assert "holds 2 meetings" in refusal(samples.one_table() + other)


# Bytes


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "saved_again",
    [
        samples.with_semicolons,
        samples.with_tabs,
        samples.workbook,
        lambda data: data.decode("utf-8-sig").encode(),
        lambda data: data.replace(b"\r\n", b"\n"),
        lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
    ],
    ids=["semicolons", "tabs in UTF-16", "workbook", "no mark", "LF", "CR"],
)
def test_a_report_saved_again_tells_the_same(layout, saved_again):
    original = LAYOUTS[layout](STAYS)

    assert read_report(saved_again(original), near=DAY) == read_report(original, near=DAY)


def test_western_letters_of_old_windows_are_read():
    data = f"{HEAD}Noël,,{TIMES}\n".encode("cp1252")

    assert read_report(data).rows[0].name == "Noël"


@pytest.mark.parametrize("folded", [samples.folded_workbook, samples.folded_csv])
def test_lines_that_excel_kept_in_one_cell_are_parted(folded):
    data = samples.indonesian()

    assert read_report(folded(data)) == read_report(data)


def test_dates_that_excel_has_understood_are_read_to_the_second():
    data = samples.workbook(samples.indonesian(), read_date="%m/%d/%Y")

    report = read_report(data)

    assert intervals(report) == INTERVALS
    assert (report.starts, report.meeting_number) == (START, NUMBER)


# Dates


def test_a_date_that_fits_one_order_only_needs_no_day():
    assert read(f"{HEAD}Siti,,23/11/2026 08.30,23/11/2026 09.30,60\n").date_orders == ("dmy",)
    assert read(f"{HEAD}Siti,,11/23/2026 08:30,11/23/2026 09:30,60\n").date_orders == ("mdy",)


def test_one_line_can_decide_the_order_for_all():
    report = read(
        f"{HEAD}Siti,,11/12/2026 11:00 PM,11/13/2026 01:00 AM,120\n"
        "Budi,,11/12/2026 11:00 PM,11/12/2026 11:30 PM,30\n"
    )

    assert report.date_orders == ("mdy",)
    assert report.rows[1].joined == datetime(2026, 11, 12, 23)  # noqa: DTZ001 -- as in the file


@pytest.mark.parametrize(
    ("near", "orders", "day"),
    [
        (None, ("mdy", "dmy"), date(2026, 11, 12)),
        (date(2026, 11, 10), ("mdy", "dmy"), date(2026, 11, 12)),
        (date(2026, 12, 11), ("dmy", "mdy"), date(2026, 12, 11)),
    ],
)
def test_an_ambiguous_date_is_read_nearest_to_the_day_of_the_class(near, orders, day):
    report = read(f"{HEAD}Siti,,11/12/2026 8:30,11/12/2026 9:30,60\n", near=near)

    assert report.date_orders == orders
    assert report.rows[0].joined.date() == day


def test_a_day_equal_to_its_month_is_not_ambiguous():
    assert read(f"{HEAD}Siti,,11/11/2026 8:30,11/11/2026 9:30,60\n").date_orders == ("mdy",)


def test_a_day_that_excel_took_for_the_month_is_put_right_by_the_day_of_the_class():
    twelfth = [(*stay[:2], stay[2] - timedelta(days=11), stay[3] - timedelta(days=11))
               for stay in STAYS]  # fmt: skip
    data = samples.workbook(samples.flat_2020(twelfth), read_date="%d/%m/%Y")

    right = read_report(data, near=date(2026, 11, 12))
    unknown = read_report(data)

    assert {row.joined.date() for row in right.rows} == {date(2026, 11, 12)}
    assert right.date_orders == ("ydm", "ymd")
    assert unknown.date_orders == ("ymd", "ydm")


@pytest.mark.parametrize(
    ("written", "hour", "minute", "second"),
    [
        ("11/23/2026 08:30:15 AM", 8, 30, 15),
        ("11/23/2026 08:30:15 pm", 20, 30, 15),
        ("11/23/2026 12:05:00 AM", 0, 5, 0),
        ("11/23/2026 12:05:00 p.m.", 12, 5, 0),
        ("11/23/2026 8:30\u202fPM", 20, 30, 0),
        ("23/11/2026 08.30", 8, 30, 0),
        ("23/11/2026 20.30.15", 20, 30, 15),
        ("23-11-26 8:30", 8, 30, 0),
        ("23.11.2026, 8:30", 8, 30, 0),
        ("2026/11/23 8:30", 8, 30, 0),
        ("2026-11-23T08:30:15.000", 8, 30, 15),
    ],
)
def test_a_time_is_read_as_people_and_programs_write_it(written, hour, minute, second):
    row = only_row(f'Siti,,"{written}","11/23/2026 11:00 PM",1'.replace(
        "11/23/2026 11:00 PM", "2026-11-23 23:00"))  # fmt: skip

    assert row.joined == datetime(2026, 11, 23, hour, minute, second)  # noqa: DTZ001 -- same


def test_times_are_aware_only_where_the_file_writes_an_offset():
    utc = only_row("Siti,,2026-11-23T01:30:00Z,2026-11-23T02:30:00Z,60")
    jakarta = only_row("Siti,,2026-11-23 08:30:00+07:00,2026-11-23 09:30:00+0700,60")
    naive = only_row(f"Siti,,{TIMES}")

    assert utc.joined == jakarta.joined == datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    assert jakarta.joined.tzinfo == timezone(timedelta(hours=7))
    assert naive.joined.tzinfo is None


# Names and the other cells


@pytest.mark.parametrize(
    ("written", "name", "original"),
    [
        ("Siti Aminah", "Siti Aminah", ""),
        ("siti (Siti Aminah)", "siti", "Siti Aminah"),
        ("Siti (Host)", "Siti", ""),
        ("siti (Siti Aminah) (Host)", "siti", "Siti Aminah"),
        ("siti (Host, me) (Siti Aminah)", "siti", "Siti Aminah"),
        ("Siti Aminah (she/her)", "Siti Aminah", ""),
        ("siti (She / Her) (Siti Aminah)", "siti", "Siti Aminah"),
        ("budi (Budi (Perpusda Bantul))", "budi", "Budi (Perpusda Bantul)"),
        ("Budi (Perpusda) (Budi Santoso)", "Budi (Perpusda)", "Budi Santoso"),
        ("AMINAH# SITI", "AMINAH, SITI", ""),
        ("Budi# S.Pd.#M.Pd.", "Budi, S.Pd.,M.Pd.", ""),
        ("Kelompok #2", "Kelompok #2", ""),
        ("PC#2", "PC#2", ""),
        ("1806123456_Siti Aminah", "1806123456_Siti Aminah", ""),
        ("6281234567890", "6281234567890", ""),
        ("Siti\r\n Aminah\u200b ", "Siti Aminah", ""),
        ("(Siti)", "(Siti)", ""),
        ("Siti ()", "Siti", ""),
        ("Siti)", "Siti)", ""),
        ("山田（元の名）", "山田", "元の名"),
        ("", "", ""),
    ],
)
def test_a_name_is_taken_apart(written, name, original):
    assert split_name(written) == (name, original)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ('"Santoso, Budi ""Bud"""', 'Santoso, Budi "Bud"'),
        ('"Budi\nSantoso"', "Budi Santoso"),
        ('Budi "Bud" Santoso', 'Budi "Bud" Santoso'),
        ('"Bud" Santoso', '"Bud" Santoso'),
        ('"Budi Santoso', '"Budi Santoso'),
    ],
)
def test_a_name_may_hold_commas_quotes_and_line_breaks(cell, name):
    report = read(f"{HEAD}Siti,,{TIMES}\n{cell},,{TIMES}\nDewi,,{TIMES}\n")

    assert [row.name for row in report.rows] == ["Siti", name, "Dewi"]


def test_lines_are_counted_as_an_editor_counts_them():
    report = read(f'{HEAD}\n"Siti\nAminah",,{TIMES}\nBudi,,{TIMES}\nDewi,,,,\n')

    assert [row.line for row in report.rows] == [3, 5]
    assert [fault.line for fault in report.faults] == [6]


@pytest.mark.parametrize("email", ["", "--", "siti", "siti@", "a b@contoh.id", f"{'a' * 300}@b.id"])
def test_what_is_no_e_mail_is_none(email):
    assert only_row(f"Siti,{email},{TIMES}").email == ""


def test_somebody_without_a_name_is_known_by_the_e_mail():
    assert only_row(f",Siti@Contoh.id,{TIMES}").name == "siti@contoh.id"


@pytest.mark.parametrize(
    ("waiting", "guest", "expected"),
    [
        ("Yes", "No", (True, False)),
        ("Ya", "Tidak", (True, False)),
        ("", "Sì", (False, True)),
        ("No", "はい", (False, True)),
        ("NA", "", (False, None)),
    ],
)
def test_waiting_room_and_guest_are_read_in_each_language(waiting, guest, expected):
    head = HEAD.replace("\n", ",In Waiting Room,Guest\n")

    row = only_row(f"Siti,,{TIMES},{waiting},{guest}", head)

    assert (row.waiting_room, row.guest) == expected


def test_a_report_without_those_columns_tells_nothing_of_guests():
    row = only_row(f"Siti,,{TIMES}")

    assert (row.waiting_room, row.guest) == (False, None)


def test_a_row_is_complete():
    assert only_row("siti (Siti Aminah),Siti@Contoh.id," + TIMES) == ReportRow(
        line=2,
        name="siti",
        original_name="Siti Aminah",
        email="siti@contoh.id",
        joined=START,
        left=at(60),
        seconds=3600,
        waiting_room=False,
        guest=None,
    )


def test_the_interval_counts_and_not_the_minutes_that_zoom_rounds_up():
    row = only_row("Siti,,11/23/2026 08:30:00 AM,11/23/2026 08:30:10 AM,1")

    assert row.seconds == 10


def test_a_row_repeated_exactly_counts_once():
    report = read(f"{HEAD}Siti,,{TIMES}\nBudi,,{TIMES}\nSiti,,{TIMES}\n{HEAD}Siti,x@y.id,{TIMES}\n")

    assert [(row.line, row.name) for row in report.rows] == [(2, "Siti"), (3, "Budi"), (6, "Siti")]


def test_somebody_who_never_came_is_left_out():
    report = read(f"{HEAD}Siti,,{TIMES}\nBudi,b@contoh.id,--,--,--\n")

    assert [row.name for row in report.rows] == ["Siti"]
    assert report.faults == ()


# Lines that cannot be used


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Siti,,11/23/2026 09:30:00 AM,11/23/2026 08:30:00 AM,60", "Siti left before joining"),
        ("Siti,,11/23/2026 08:30:00,11/25/2026 08:30:01,60", "Siti stayed longer than two days"),
        ("Siti,,11/23/2000 08:30:00,11/23/2099 09:30:00,60", "Siti stayed longer than two days"),
        ("Siti,,11/23/2026 09:30:00 AM,,60", "a time of joining or leaving is missing"),
        ("Siti,,,,", "a time of joining or leaving is missing"),
        ("Siti,,besok,11/23/2026 09:30:00 AM,60", "“besok” is not a date and time"),
        ("Siti,,11/23/2026 25:30,11/23/2026 09:30,60", "is not a date and time"),
        ("Siti,,11/32/2026 08:30,11/23/2026 09:30,60", "is not a date and time"),
        ("Siti,,2026-11-23T08:30:00Z,11/23/2026 09:30,60", "only one of its two times"),
        ("Siti,,2026-11-23T08:30:00+99:99,11/23/2026 09:30,60", "is not a date and time"),
        (f",,{TIMES}", "the name is missing"),
        (f"{'S' * 201},,{TIMES}", "is too long"),
        (f"Santoso, Budi,,{TIMES}", "more cells than columns"),
    ],
)
def test_a_line_that_cannot_be_used_is_told_with_its_number(line, told):
    (fault,) = faults_of(line)

    assert fault.line == 3
    assert fault.message.startswith("Line 3")
    assert told in fault.message


def test_minutes_that_are_no_number_are_told():
    report = read("Name,Total Duration (Minutes)\nSiti,60\nBudi,lama\nDewi,12.0\n")

    assert [row.seconds for row in report.rows] == [3600, 720]
    assert report.faults == (Fault(3, "Line 3: “lama” is not a number of minutes."),)


def test_minutes_of_more_than_two_days_are_told():
    report = read("Name,Total Duration (Minutes)\nSiti,2880\nBudi,2881\n")

    assert [row.seconds for row in report.rows] == [172_800]
    assert report.faults == (
        Fault(3, "Line 3: Budi stayed longer than two days. Check the times."),
    )


def test_trailing_commas_are_no_cells_too_many():
    report = read(f"{HEAD}Siti,,{TIMES},,,\n")

    assert (len(report.rows), report.faults) == (1, ())


# Files that cannot be used


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (samples.poll_report(), "This is a poll report."),
        (samples.poll_report(titled=False), "This is a poll report."),
        (samples.registration_report(), "This is a registration report."),
        (samples.webinar_report(), "This is the attendee report of a webinar."),
        (samples.workbook(samples.poll_report()), "This is a poll report."),
        (b"No,Nama\n1,Siti\n", "not a participants report of Zoom. It begins with: No, Nama."),
        (b"Name,Email\nSiti,siti@contoh.id\n", "not a participants report of Zoom"),
        (b"Topic,ID,Start time\nBimtek,812 3456 7890,11/23/2026 08:30\n", "not a participants"),
        (HEAD.encode(), "nobody is in it"),
        (f"{HEAD}Siti,,--,--,--\n".encode(), "nobody is in it"),
        (f"{HEAD}Siti,,,,\n".encode(), "No line of the report can be used. Line 2: a time"),
        (b"", "“participants.csv” is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (HEAD.encode() + b"Si\0ti\n", "is not a list that can be read"),
        (HEAD.encode("utf-16-le"), "is not a list that can be read"),
        (bytes(range(256)) * 40, "is not a list that can be read"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04 and nothing more", "is damaged"),
        (samples.workbook(samples.indonesian())[:3000], "is damaged"),
        (HEAD.encode() + b"S" * 10_000_000, "Line 2 is too long"),
        (b"S" * (10 * 1024**2 + 1), "larger than 10 MB"),
        (b",".join([b"kolom"] * 10_000) + b"\n", "not a participants report"),
        (HEAD.encode() + b"a,,,,\n" * 20_100, "more than 20,000 rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "a file",
)
def test_a_file_that_is_no_report_is_refused_with_the_reason(data, told):
    assert told in refusal(data)


def test_a_wide_report_is_read():
    head = HEAD.strip() + "," * 9_995

    assert only_row(f"Siti,,{TIMES}" + "," * 9_995, f"{head}\n").name == "Siti"


def test_a_full_report_is_read():
    people = "".join(f"Peserta {number},,{TIMES}\n" for number in range(20_000))

    assert len(read(HEAD + people).rows) == 20_000


# Whatever the bytes are


MARKS = (b'"', b",", b"\n", b";", b"\t", b"(", b"/", b"\0", b"\xef\xbb\xbf", b"9" * 30)


def damaged(data, chance):
    """The bytes with a few of them lost, doubled, exchanged or overwritten."""
    broken = bytearray(data)
    for _time in range(chance.randint(1, 12)):
        start = chance.randint(0, len(broken))
        end = min(len(broken), start + chance.choice((1, 1, 2, 8, 60)))
        noise = chance.randbytes(end - start)
        instead = (b"", broken[start:end] * 2, noise, chance.choice(MARKS))
        broken[start:end] = chance.choice(instead)
    return bytes(broken)


def with_damaged_sheet(data, chance):
    """A workbook whose archive is whole and whose parts are not."""
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(packed, "w") as target:
        for part in source.namelist():
            content = source.read(part)
            is_hit = part.startswith("xl/") and chance.random() < 0.4
            target.writestr(part, damaged(content, chance) if is_hit else content)
    return packed.getvalue()


def reads_or_refuses(data):
    """Whether it was read; anything raised but a refusal fails the test."""
    try:
        report = read_report(data, "participants.csv", near=DAY)
    except ReportUnreadable:
        return False
    return all(row.name and row.seconds >= 0 for row in report.rows)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_damaged_report_is_read_or_refused_and_nothing_else(layout):
    chance = random.Random(layout)  # a seed of its own, the same each time
    data = LAYOUTS[layout](STAYS)
    versions = (data, samples.with_semicolons(data), samples.with_tabs(data))

    read = [reads_or_refuses(damaged(version, chance)) for version in versions * 60]

    assert 0 < sum(read) < len(read)


@pytest.mark.parametrize("read_date", ["", "%m/%d/%Y"])
def test_a_damaged_workbook_is_read_or_refused_and_nothing_else(read_date):
    chance = random.Random(11)
    data = samples.workbook(samples.indonesian(), read_date=read_date)

    read = [
        reads_or_refuses(damage(data, chance))
        for damage in (damaged, with_damaged_sheet)
        for _time in range(60)
    ]

    assert 0 < sum(read) < len(read)


# Writing


def test_aware_times_are_written_as_the_wall_clock_of_the_zone():
    joined = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    stay = ("Siti", "", joined, joined + timedelta(minutes=30))

    jakarta = read_report(write_flat_2020([stay])).rows[0]
    jayapura = read_report(write_flat_2020([stay], zone_name="Asia/Jayapura")).rows[0]

    assert (jakarta.joined, jakarta.left) == (at(0), at(30))
    assert jayapura.joined == at(120)


def test_a_report_with_its_meeting_can_be_written_in_english():
    data = write_with_meeting(NUMBER, TOPIC, START, END, STAYS, language="en")

    report = read_report(data)

    assert (report.language, report.meeting_number, report.starts) == ("en", NUMBER, START)
    assert intervals(report) == INTERVALS
