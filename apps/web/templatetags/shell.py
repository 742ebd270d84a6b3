"""What the page's frame asks for: the sections that a reader sees, the words for who they are, the theme they chose."""

from dataclasses import dataclass

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.web.domain.browsers import browser_and_system

register = template.Library()

Named = tuple[str | Promise, str]

PUBLIC: tuple[Named, ...] = (
    (_("Leaderboard"), "web:leaderboard"),
    (_("Integrity"), "integrity:overview"),
    (_("Data releases"), "licensing:releases"),
    (_("Rulebook"), "policy:rulebook"),
    (_("The log"), "audit:log"),
)
# Addresses that are part of a section whose own address they do not begin with: the auditor's desk is in the log.
BESIDE: dict[str, str] = {"/auditor/": "audit:log"}
HOME: Named = (_("Home"), "web:home")
# Whoever has several roles sees the sections of each, in this order, every page once.
BY_ROLE: dict[str, tuple[Named, ...]] = {
    "contributor": (
        (_("Battle"), "battles:start"),
        (_("My prompts"), "prompts:mine"),
        (_("My votes"), "battles:mine"),
        (_("My data"), "contributors:data"),
    ),
    "moderator": ((_("Cases"), "moderation:queue"),),
    "network_admin": (
        (_("Contributors"), "contributors:people"),
        (_("Networks"), "contributors:networks"),
        (_("Models"), "battles:models"),
    ),
    "licensing_officer": ((_("Releases"), "licensing:desk"), (_("Register"), "organizations:register")),
    # The desk is the licensing officers' alone; everybody else reads what came out of it.
    "approver": ((_("To decide"), "licensing:waiting"), (_("Releases"), "licensing:releases")),
    "licensee": ((_("Releases"), "licensing:mine"),),
    "auditor": ((_("Releases"), "licensing:releases"), (_("Register"), "organizations:register")),
}
FOR_EVERYONE_SIGNED_IN: tuple[Named, ...] = (
    (_("Leaderboard"), "web:leaderboard"),
    (_("Rulebook"), "policy:rulebook"),
    (_("The log"), "audit:log"),
)

ROLE_NAMES: dict[str, str | Promise] = {
    "contributor": _("contributor"),
    "moderator": _("moderator"),
    "network_admin": _("network administrator"),
    "licensing_officer": _("licensing officer"),
    "approver": _("approver"),
    "licensee": _("licensee"),
    "auditor": _("auditor"),
}

# Name, address and role of those who can be tried out in the demo.
DEMO_PEOPLE: tuple[tuple[str, str, str | Promise], ...] = tuple(
    (name.title(), f"{name}@demo.example", role)
    for name, role in (
        ("ada", _("contributor")),
        ("grace", _("moderator")),
        ("alan", _("second moderator")),
        ("radia", _("network administrator")),
        ("margaret", _("licensing officer")),
        ("katherine", _("approver")),
        ("dorothy", _("second approver")),
        ("ingrid", _("licensee")),
        ("barbara", _("auditor")),
    )
)

THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the masthead; `current` is "page" on that very page, "true" inside its part of the site."""

    title: str | Promise
    address: str
    current: str


def named_sections(roles: frozenset[str], *, signed_in: bool) -> list[Named]:
    """List the sections of a reader with these roles, each address once."""
    if not signed_in:
        return list(PUBLIC)
    of_roles = [named for role in ROLE_NAMES if role in roles for named in BY_ROLE[role]]
    return list({address: (title, address) for title, address in (HOME, *of_roles, *FOR_EVERYONE_SIGNED_IN)}.values())


@register.simple_tag(takes_context=True)
def sections(context: Context) -> list[Section]:
    """Return the sections of whoever reads this page."""
    request: HttpRequest | None = context.get("request")
    user = context.get("user")
    roles: frozenset[str] = getattr(context.get("actor"), "roles", frozenset())
    signed_in = bool(user is not None and user.is_authenticated)
    path = request.path if request is not None else ""
    beside = next((reverse(name) for folder, name in BESIDE.items() if path.startswith(folder)), "")
    addresses: list[tuple[str | Promise, str]] = []
    for title, name in named_sections(roles, signed_in=signed_in):
        try:
            addresses.append((title, reverse(name)))
        except NoReverseMatch:
            # A platform without this app has no such section; a test sees that ours has them all.
            continue
    # Where one section's address begins another's, the reader is in the longer one alone.
    within = [address for _title, address in addresses if address != "/" and path.startswith(address)]
    nearest = max(within, key=len, default=beside)
    return [
        Section(title, address, "page" if path == address else "true" if address == nearest else "")
        for title, address in addresses
    ]


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """Return the theme that the reader chose ("light" or "dark"), or nothing: then the system's wish holds."""
    request: HttpRequest | None = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request is not None else ""
    return chosen if chosen in THEMES else ""


@register.filter
def role_names(roles: frozenset[str]) -> str:
    """Name somebody's roles in the reader's language, in the order of the rulebook."""
    return ", ".join(str(name) for role, name in ROLE_NAMES.items() if role in roles)


@register.simple_tag
def demo_people() -> tuple[tuple[str, str, str | Promise], ...]:
    """Return name, address and role of everybody who can be tried out in the demo."""
    return DEMO_PEOPLE


@register.filter
def browser(user_agent: str) -> str:
    """Name the browser of a session in a few words; what tells nothing stays as it is."""
    found, system = browser_and_system(user_agent)
    if found and system:
        return gettext("%(browser)s on %(system)s") % {"browser": found, "system": system}
    return found or system or user_agent[:60] or gettext("A browser that says nothing of itself")


@register.filter
def role_name(role: str) -> str:
    """Name one role in the reader's language."""
    return str(ROLE_NAMES.get(role, role))
