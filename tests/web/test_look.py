"""What the look's tags and components write into a page."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.http import HttpRequest
from django.template import engines
from django.test import RequestFactory
from django.utils import translation

NOON = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)
ROWS = [
    {"name": "Aurora", "lower": 1173.0, "score": 1187.0, "upper": 1201.0},
    {"name": "Quill", "lower": 998.0, "score": 1012.0, "upper": 1026.0},
]
ENDLESS: dict[str, Any] = {"low": float("-inf"), "high": float("inf")}


class Application(forms.Form):
    email = forms.EmailField(label="E-mail", help_text="A code is sent to it.")
    age = forms.ChoiceField(label="Age", choices=[("18-29", "18–29"), ("50+", "50 or older")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(label="I agree", required=False)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def page(source: str, *, path: str = "/", **context: object) -> str:
    """Render a piece of a page; components are compiled as in a file."""
    from django_cotton.compiler_regex import CottonCompiler

    request: HttpRequest = RequestFactory().get(path)
    compiled = CottonCompiler().process("{% load look shell %}" + source)
    return engines["django"].from_string(compiled).render(context, request)


def test_an_interval_says_its_ends_to_who_cannot_see_it() -> None:
    drawn = page("{% axis_of rows as axis %}{% interval axis 1173 1187 1201 %}", rows=ROWS)
    assert 'aria-label="1,173 to 1,201"' in drawn


def test_all_rows_share_one_grid() -> None:
    source = (
        "{% axis_of rows as axis %}{% for row in rows %}{% interval axis row.lower row.score row.upper %}|{% endfor %}"
    )
    first, second, _rest = page(source, rows=ROWS).split("|")
    grid = re.compile(r'class="iv-grid" x1="([^"]+)"')
    assert grid.findall(first) == grid.findall(second) != []


def test_a_model_without_an_interval_keeps_the_grid_and_draws_no_mark() -> None:
    rows = [*ROWS, {"name": "New", "lower": None, "score": None, "upper": None}]
    drawn = page("{% axis_of rows as axis %}{% interval axis None None None %}", rows=rows)
    assert "iv-grid" in drawn
    assert "iv-mark" not in drawn


def test_an_interval_without_end_does_not_flatten_the_others() -> None:
    rows = [*ROWS, {"name": "New", "lower": float("-inf"), "score": 1000.0, "upper": float("inf")}]
    assert page("{% axis_of rows as axis %}{% interval axis 1173 1187 1201 %}", rows=rows) == page(
        "{% axis_of rows as axis %}{% interval axis 1173 1187 1201 %}", rows=ROWS
    )
    assert "iv-mark" not in page("{% axis_of rows as axis %}{% interval axis low 1000 high %}", rows=ROWS, **ENDLESS)


def test_drawings_keep_the_decimal_point_in_every_language() -> None:
    with translation.override("de"):
        drawn = page("{% axis_of rows as axis %}{% interval axis 1173 1187 1201 %}{% bar 1 3 %}", rows=ROWS)
    assert 'width="33.333%"' in drawn
    assert not re.search(r'(x1|x2|width)="\d+,\d', drawn)
    assert 'aria-label="1.173 to 1.201"' in drawn


@pytest.mark.parametrize(("count", "width"), [(0, "0"), (1, "2"), (500_000, "50.000%"), (2_000_000, "100.000%")])
def test_one_vote_among_a_million_is_still_seen(count: int, width: str) -> None:
    assert f'<rect width="{width}"' in page("{% bar count 1000000 %}", count=count)


def test_a_time_keeps_utc_beside_what_is_shown() -> None:
    drawn = page("{% when moment %}", moment=NOON)
    assert 'datetime="2026-09-14T12:00:00Z"' in drawn
    assert 'title="14 Sept 2026, 12:00 UTC"' in drawn


def test_what_is_missing_is_a_dash() -> None:
    assert page("{{ n|number }}{{ n|percent }}{{ n|span }}{% when n %}", n=None) == "––––"


def test_a_hash_is_short_to_read_and_whole_to_copy() -> None:
    drawn = page('<c-hash :value="root" />', root="7f3a" + "0" * 56 + "c19e")
    assert "7f3a…c19e" in drawn
    assert f'data-copy="7f3a{"0" * 56}c19e"' in drawn


def test_mallory_cannot_write_markup_into_a_page() -> None:
    attack = '"><script>alert(1)</script>'
    form, hints = Application(), {"50+": attack}
    for source in (
        '<c-hash :value="attack" />',
        '<c-quote lang="en">{{ attack }}</c-quote>',
        '<c-page-head :title="attack" />',
        '<c-page-head title="{{ attack }}" />',
        '<c-chip href="{{ attack }}">x</c-chip>',
        '<c-answer side="A">{{ attack }}</c-answer>',
        '<c-prompt lang="{{ attack }}">{{ attack }}</c-prompt>',
        '<c-filter name="q" label="q" :options="options" :value="attack" />',
        '{% diff attack attack as lines %}<c-diff :lines="lines" />',
        "<c-command>{{ attack }}</c-command>",
        '<c-table caption="{{ attack }}"></c-table>',
        '<c-table caption="x" data-note="{{ attack }}"></c-table>',
        '<c-field :field="form.email" :hint="attack" :label="attack" />',
        '<c-choices :field="form.age" :hints="hints" />',
        '<c-letter :subject="attack" :sender="attack" href="/">{{ attack }}</c-letter>',
    ):
        assert "<script" not in page(source, attack=attack, options=[(attack, attack)], form=form, hints=hints), source


def test_a_wrong_form_says_so_first_and_beside_the_field() -> None:
    drawn = page('<c-form :form="form" action="/" />', form=Application({"email": "ada@"}))
    assert drawn.index("data-error-summary") < drawn.index('name="email"')
    assert 'href="#id_email"' in drawn
    assert 'href="#id_age_0"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'aria-describedby="id_email_helptext id_email_error"' in drawn
    assert 'id="id_email_error"' in drawn
    assert 'id="id_email_helptext"' in drawn


def test_every_describing_id_exists() -> None:
    for form in (Application(), Application({})):
        drawn = page('<c-form :form="form" action="/" />', form=form)
        named = {one for ids in re.findall(r'aria-describedby="([^"]+)"', drawn) for one in ids.split()}
        assert named <= set(re.findall(r'\bid="([^"]+)"', drawn))


def test_a_form_that_posts_carries_its_token() -> None:
    assert "csrfmiddlewaretoken" in page('<c-form :form="form" action="/" />', form=Application())
    assert "csrfmiddlewaretoken" in page('<c-post action="/" verb="Go" />')
    assert "csrfmiddlewaretoken" in page('<c-confirm title="Sure?" action="/" verb="Go">All of it.</c-confirm>')
    assert "csrfmiddlewaretoken" not in page('<c-form method="get" action="/">x</c-form>')


def test_sorting_again_turns_the_order_around_and_keeps_the_filters() -> None:
    head = '<c-th sort="votes" numeric>Votes</c-th>'
    assert 'href="?language=pt&amp;sort=votes"' in page(head, path="/?language=pt")
    ascending = page(head, path="/?language=pt&sort=votes&page=3")
    assert 'href="?language=pt&amp;sort=-votes"' in ascending
    assert 'aria-sort="ascending"' in ascending
    assert 'aria-sort="descending"' in page(head, path="/?sort=-votes")


def test_a_toolbar_keeps_what_belongs_to_others() -> None:
    drawn = page('<c-toolbar keep="style sort">x</c-toolbar>', path="/?style=off&language=pt&sort=votes")
    assert re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', drawn) == [
        ("style", "off"),
        ("sort", "votes"),
    ]


def test_a_vote_is_four_real_radios() -> None:
    drawn = page('<c-vote-bar action="/vote/" />')
    assert re.findall(r'type="radio" name="choice" value="(\w+)"', drawn) == ["left", "right", "both_good", "both_bad"]


def test_the_page_that_is_shown_is_marked_among_its_siblings() -> None:
    tabs = '<c-tab href="/a/?x=1">A</c-tab><c-tab href="/b/">B</c-tab>'
    assert re.findall(r'href="(/\w/)[^"]*" aria-current', page(tabs, path="/a/?y=2")) == ["/a/"]


@pytest.mark.parametrize(("stored", "shown"), [("100.00", "100%"), ("12.50", "12.5%"), ("0.25", "0.25%"), (None, "–")])
def test_a_share_keeps_the_decimals_that_it_needs(stored: str | None, shown: str) -> None:
    assert page("{{ stored|share }}", stored=None if stored is None else Decimal(stored)) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [("2026-09-17", "17 Sept 2026"), (date(2026, 9, 17), "17 Sept 2026"), ("soon", "soon"), ("", "–")],
)
def test_a_day_is_worded_and_what_is_none_stays(written: object, shown: str) -> None:
    assert page("{{ written|day }}", written=written) == shown


def test_half_an_interval_stands_beside_its_middle() -> None:
    assert page("{{ half|margin }}", half=13.6) == "±14"
    assert page("{{ half|margin }}", half=None) == ""


def test_many_choices_are_chips_that_are_real_check_boxes() -> None:
    drawn = page('<c-choices :field="form.age" chips />', form=Application())
    assert re.findall(r'<label class="chip" for="(\w+)">', drawn) == ["id_age_0", "id_age_1"]
    assert drawn.count("<input") == 2


def test_a_headline_without_anything_below_has_nothing_below() -> None:
    assert 'class="below"' not in page('<c-page-head title="Alone"><c-slot name="actions"> </c-slot></c-page-head>')
    assert 'class="below"' in page('<c-page-head title="Told" lede="More." />')


def test_a_long_name_breaks_at_its_joints_and_nowhere_else() -> None:
    written = page("{% load look %}{{ name|jointed }}", name="battles.vote_cast w1/<b>")
    assert written == "battles.<wbr>vote_<wbr>cast w1/<wbr>&lt;b&gt;"
