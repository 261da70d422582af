"""A profile as a Markdown page: what an operation consists of, and its functions."""

from __future__ import annotations

from ferrule.anatomy.formats import tables
from ferrule.anatomy.profile import Profile

SUFFIX = ".md"
_FUNCTIONS = 40


def render(profile: Profile) -> str:
    """Tables, then the conditions."""
    conditions = [f"- {key}: {value}" for key, value in profile.conditions.items()]
    notes = [f"- {note}" for note in profile.notes]
    parts = [
        f"# {profile.title}",
        f"{tables.figure(profile.value)} instructions an operation; {profile.operations} operations counted.",
        tables.made_of([profile], "markdown"),
        tables.functions(profile, _FUNCTIONS, "markdown"),
        f"Callers are known of {profile.share:.1%} of the instructions.",
        "\n".join(notes),
        "\n".join(conditions),
    ]
    return "\n\n".join(parts) + "\n"
