"""Shows the texts of questions in the format they were written in, free of harmful markup.

It knows nothing of right and wrong; see `scoring.py`.
"""

import nh3
from flask_babel import gettext as _
from markupsafe import Markup, escape

from core.api import render_html, render_markdown

FORMATS = ("markdown", "html", "plain", "moodle")
# Inside a label only phrases may stand: no paragraph, no list, and no link to press by mistake.
PHRASES = nh3.Cleaner(
    tags={"b", "br", "code", "del", "em", "i", "img", "kbd", "s", "strong", "sub", "sup"},
    attributes={"img": {"src", "alt", "title", "loading"}},
    link_rel=None,
)


def block(text: str, text_format: str) -> Markup:
    """A question or an explanation, as paragraphs."""
    if text_format == "plain":
        return escape(text).replace("\n", Markup("<br>"))
    if text_format == "markdown":
        return render_markdown(text)
    # Moodle's own format keeps the line ends of the writer; HTML does not.
    return render_html(text.replace("\n", "<br>") if text_format == "moodle" else text)


def inline(text: str, text_format: str) -> Markup:
    """A choice, as one phrase."""
    shown = block(text, text_format).replace("</p>\n<p>", "<br>")
    return Markup(PHRASES.clean(shown).strip())  # noqa: S704 -- cleaned twice


def truth(word: str) -> Markup:
    """The two choices of a true/false question are kept as words and shown translated."""
    return escape(_("True") if word == "true" else _("False"))
