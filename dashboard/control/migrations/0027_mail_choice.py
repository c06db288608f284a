"""The model has another name; its table keeps the one it has, so that the version before goes on with it."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('control', '0026_all_clear'),
    ]

    operations = [
        migrations.AlterModelTable(name='wish', table='control_wish'),
        migrations.RenameModel(old_name='Wish', new_name='MailChoice'),
    ]
