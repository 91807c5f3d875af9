"""Markdown that people write, as HTML that a page may show.

CommonMark with tables and strikethrough; tags in the text are kept only where harmless.
The page decides the look: no class, style or id comes from the writer.
"""

import html
import re
import textwrap

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

# Markdown of any length is linear, but hostile text costs up to 15 seconds a megabyte; a page
# of a hundred thousand characters is a small book. Tags that stay open multiply in the tree
# (500 of them make 100,000 elements), so text with thousands of them is shown as written.
LONGEST = 100_000
MOST_TAGS = 1_000

SAME_ORIGIN = re.compile(r"/?[\w.~%-][\w.~%/?=&+@,-]*", re.ASCII)


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Pages ask no other host, so an image comes from this one."""
    if (tag, name) == ("img", "src") and not SAME_ORIGIN.fullmatch(value):
        return None
    return value


TAGS = """a b blockquote br code del em h2 h3 h4 h5 h6 hr i img kbd li ol p pre s strong sub sup
    table tbody td th thead tr ul"""
GONE_WITH_CONTENT = {"script", "style", "svg", "math", "iframe", "object", "textarea", "title"}
CLEANER = nh3.Cleaner(
    tags=set(TAGS.split()),
    clean_content_tags=GONE_WITH_CONTENT,
    attributes={"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}},
    attribute_filter=_attribute,
    set_tag_attribute_values={"img": {"loading": "lazy"}},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener",
)


def _outward(tag: str, name: str, value: str) -> str | None:
    return value if name != "href" or value.startswith(("http://", "https://", "mailto:")) else None


APART = nh3.Cleaner(
    tags=set(TAGS.split()) - {"img"},
    clean_content_tags=GONE_WITH_CONTENT,
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    attribute_filter=_outward,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener",
)
PLAIN = nh3.Cleaner(tags=set(), clean_content_tags=GONE_WITH_CONTENT)
WITH_TAGS, WITHOUT_TAGS = (
    MarkdownIt("commonmark", {"html": tags}).enable(["table", "strikethrough"])
    for tags in (True, False)
)


def _below_the_page_title(token: Token) -> Token:
    """Headings one level down: the page has its one h1 already."""
    if token.type in {"heading_open", "heading_close"}:
        token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
    return token


def _html(text: str) -> str:
    if len(text) > LONGEST:
        return f"<pre>{escape(text)}</pre>"
    parser = WITH_TAGS if text.count("<") <= MOST_TAGS else WITHOUT_TAGS
    tokens = [_below_the_page_title(token) for token in parser.parse(text)]
    return parser.renderer.render(tokens, parser.options, {})


def render(text: str) -> Markup:
    return Markup(CLEANER.clean(_html(text)))  # noqa: S704 -- cleaned


def render_apart(text: str) -> Markup:
    """A text that stands apart from the files beside it: of images nothing is shown, of links to
    those files only the words."""
    return Markup(APART.clean(_html(text)))  # noqa: S704 -- cleaned


def render_html(text: str) -> Markup:
    """HTML that was written elsewhere, such as an imported question; as harmless as Markdown."""
    if len(text) > LONGEST or text.count("<") > MOST_TAGS:
        return Markup(f"<pre>{escape(text)}</pre>")  # noqa: S704 -- escaped
    return Markup(CLEANER.clean(text))  # noqa: S704 -- cleaned


def summary(text: str, length: int = 200) -> str:
    """The beginning as plain text of at most `length` characters, cut between words."""
    plain = html.unescape(PLAIN.clean(_html(text[: 20 * length])))
    return textwrap.shorten(plain, length, placeholder="…")
