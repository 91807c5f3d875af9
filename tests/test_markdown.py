from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from core.markdown import LONGEST, render, summary


class Seen(HTMLParser):
    """The tags, attributes and addresses that a browser would find."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value for name, value in attrs if name in {"href", "src"}]


def test_markdown_becomes_html_that_templates_do_not_escape_again():
    page = render("Melayani **warga** & ~~hanya~~ anak.")

    assert page == "<p>Melayani <strong>warga</strong> &amp; <s>hanya</s> anak.</p>\n"
    assert isinstance(page, Markup)


def test_headings_leave_the_h1_to_the_page():
    page = render("# Satu\n\n## Dua\n\n###### Enam\n\nTujuh\n=====\n")

    assert page == "<h2>Satu</h2>\n<h3>Dua</h3>\n<h6>Enam</h6>\n<h2>Tujuh</h2>\n"


def test_a_table_is_kept_without_its_style():
    page = render("|Hari|JP|\n|:-|-:|\n|1|8|\n")

    assert Seen(page).tags == {"table", "thead", "tbody", "tr", "th", "td"}
    assert Seen(page).attributes == set()


def test_harmless_tags_in_the_text_are_kept_and_cleaned():
    page = render('H<sub class="x" id="location" style="color:red">2</sub>O')

    assert page == "<p>H<sub>2</sub>O</p>\n"


@pytest.mark.parametrize(
    "address", ["https://contoh.id/a?b=1", "mailto:a@contoh.id", "tel:+62812", "/kursus/1", "#a"]
)
def test_a_link_opens_without_a_hold_on_this_page(address):
    page = render(f"[tautan]({address})")

    assert page == f'<p><a href="{address}" rel="noopener">tautan</a></p>\n'


@pytest.mark.parametrize("path", ["/files/a%20b.png", "gambar.png", "../gambar.png?v=2"])
def test_an_image_of_this_site_is_shown(path):
    page = render(f"![Rak buku]({path})")

    assert page == f'<p><img src="{path}" alt="Rak buku" loading="lazy"></p>\n'


@pytest.mark.parametrize(
    "image",
    [
        "![a](https://lain.example/a.png)",
        "![a](//lain.example/a.png)",
        "![a](data:image/svg+xml;base64,PHN2Zz4=)",
        r"<img src='/\lain.example/a.png'>",
        "<img src='/&#9;/lain.example/a.png'>",
        "<img src=' //lain.example/a.png'>",
        "<img srcset='https://lain.example/a.png'>",
    ],
)
def test_an_image_of_another_host_is_not_asked_for(image):
    page = render(image)

    assert Seen(page).addresses == []
    assert "lain.example" not in page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<ScRiPt >alert(1)</sCrIpT>",
        "<scr<script>ipt>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 "
        "onerror=alert(1)&gt;'>",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        "[a](javascript:alert(1))",
        "<a href='java&#10;script:alert(1)'>a</a>",
        "<a href=' \x01JAVASCRIPT:alert(1)'>a</a>",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a]: vbscript:x\n\n[a]",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<form action=/keluar><input name=a autofocus onfocus=alert(1)><button>b</button></form>",
        "<base href='https://lain.example/'><link rel=stylesheet href=x><meta http-equiv=refresh>",
        "<p id=location name=forms class=btn style='position:fixed' onclick=alert(1)>a</p>",
        "<object data=x></object><embed src=x><video src=x></video><template><b>a</b></template>",
        '![a](/x.png "\\" onerror=alert(1) x=\\"")',
        "``<script>alert(1)</script>`",
    ],
)
def test_hostile_text_is_made_harmless(text):
    seen = Seen(render(text))

    assert seen.tags <= {"p", "a", "b", "img", "table", "tbody", "code"}
    assert seen.attributes <= {"href", "rel", "src", "alt", "title", "loading"}
    assert not [a for a in seen.addresses if ":" in a or a.startswith("//")]


@pytest.mark.parametrize(
    ("piece", "most"),
    [
        ("> ", 1_000),
        ("- ", 1_000),
        ("[", 2),
        ("**", 2),
        ("<div>", 20),
        ("<b><p>", 20),
        ("<i a={}><p>", 20),
        ("`", 2),
    ],
)
def test_deep_nesting_neither_fails_nor_grows_out_of_hand(piece, most):
    text = "".join(piece.format(number) for number in range(5_000))

    page = render(text)

    assert len(page) < most * len(text) + 1_000


def test_a_megabyte_is_shown_as_it_was_written():
    text = "**tebal** <b>\n" * 80_000

    page = render(text)

    assert len(text) > LONGEST
    assert page == f"<pre>{text.replace('<b>', '&lt;b&gt;')}</pre>"


def test_a_summary_is_plain_text_cut_between_words():
    text = "# Pengantar\n\nPerpustakaan **desa** melayani [warga](/x) & anak, setiap hari."

    assert summary(text) == "Pengantar Perpustakaan desa melayani warga & anak, setiap hari."
    assert summary(text, 45) == "Pengantar Perpustakaan desa melayani warga &…"
    assert summary(text, 50) == "Pengantar Perpustakaan desa melayani warga &…"
    assert summary(text, 51) == "Pengantar Perpustakaan desa melayani warga & anak,…"


def test_a_summary_leaves_out_what_the_page_leaves_out():
    assert summary("<script>alert(1)</script>Teks <svg><text>a</text></svg>biasa") == "Teks biasa"
    assert summary("") == ""
