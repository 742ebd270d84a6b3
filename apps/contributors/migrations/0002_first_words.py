"""Write the first consent texts, and the network of everybody who comes by themselves."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from apps.contributors.domain.consent_texts import FIRST_VERSION


def write_first_words(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    texts = apps.get_model("contributors", "ConsentText")
    texts.objects.using(database).bulk_create(
        texts(
            kind=words.kind,
            version=words.version,
            language=words.language,
            title=words.title,
            text=words.text,
            sha256=words.sha256,
        )
        for words in FIRST_VERSION
    )
    apps.get_model("contributors", "Network").objects.using(database).create(name="Everyone")


class Migration(migrations.Migration):
    dependencies = [("contributors", "0001_initial")]

    operations = [migrations.RunPython(write_first_words, migrations.RunPython.noop)]
