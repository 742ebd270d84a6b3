"""Cases about many exports from one network: what they are about, and what a look at them came to."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contributors", "0004_words_taken"),
        ("integrity", "0001_initial"),
        ("licensing", "0004_words_stay"),
        ("moderation", "0002_another_person"),
        ("prompts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="case",
            name="moderation_exactly_one_subject",
        ),
        migrations.AddField(
            model_name="case",
            name="network",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cases",
                to="contributors.network",
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="note",
            field=models.TextField(
                blank=True, help_text="What a look at many exports came to, in the moderator's words."
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("explained", "There is a plain reason"),
                    ("handed_on", "Somebody may be collecting them: handed on to who runs the networks"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="case",
            name="kind",
            field=models.CharField(
                choices=[
                    ("prompt", "Prompts"),
                    ("finding", "Findings about votes"),
                    ("appeal", "Appeals"),
                    ("release", "Releases"),
                    ("exports", "Many exports"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="case",
            name="priority_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("personal_data", "Personal data may stand in it"),
                    ("appeal", "Somebody waits for a second look"),
                    ("finding", "These votes count until somebody decides"),
                    ("exports", "Many people of one network took their words away"),
                    ("flagged", "Its author waits for an answer"),
                    ("newcomer", "Read afterwards: among a newcomer's first prompts"),
                    ("sample", "Read afterwards: drawn by chance"),
                ],
                max_length=200,
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("appeal", None),
                        ("finding", None),
                        ("kind", "prompt"),
                        ("network", None),
                        ("prompt__isnull", False),
                        ("release", None),
                    ),
                    models.Q(
                        ("appeal", None),
                        ("finding__isnull", False),
                        ("kind", "finding"),
                        ("network", None),
                        ("prompt", None),
                        ("release", None),
                    ),
                    models.Q(
                        ("appeal", None),
                        ("finding", None),
                        ("kind", "release"),
                        ("network", None),
                        ("prompt", None),
                        ("release__isnull", False),
                    ),
                    models.Q(
                        ("appeal__isnull", False),
                        ("finding", None),
                        ("kind", "appeal"),
                        ("network", None),
                        ("prompt", None),
                        ("release", None),
                    ),
                    models.Q(
                        ("appeal", None),
                        ("finding", None),
                        ("kind", "exports"),
                        ("network__isnull", False),
                        ("prompt", None),
                        ("release", None),
                    ),
                    _connector="OR",
                ),
                name="moderation_exactly_one_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "exports"),
                        ("outcome__in", ["explained", "handed_on"]),
                        ("state", "decided"),
                        models.Q(("note", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("kind", "exports"), ("state", "decided"), _negated=True),
                        ("note", ""),
                        ("outcome", ""),
                    ),
                    _connector="OR",
                ),
                name="moderation_looked_into_says_what_came",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")), fields=("network",), name="moderation_one_open_case_a_network"
            ),
        ),
    ]
