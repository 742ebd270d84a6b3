"""Keys for forms, and answers as HTML."""

import uuid

from django import template
from django.utils.safestring import SafeString

from apps.battles.domain.markdown import block_to_html, cut_into_blocks

register = template.Library()


@register.simple_tag
def opening_key() -> uuid.UUID:
    """Return the key that makes a second click on a form harmless."""
    return uuid.uuid4()


@register.filter
def as_answer(text: str) -> SafeString:
    """Return an answer's Markdown as blocks of HTML, in the shape in which the stream sends them."""
    # Nothing of the text reaches the page but through the escaping of domain/markdown.py.
    return SafeString("".join(f'<div class="block">{block_to_html(block)}</div>' for block in cut_into_blocks(text)))
