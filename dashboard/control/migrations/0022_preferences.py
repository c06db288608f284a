
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('control', '0021_asked_once'),
    ]

    operations = [
        migrations.AddField(
            model_name='savedview',
            name='columns',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name='savedview',
            name='density',
            field=models.CharField(blank=True, max_length=12),
        ),
        migrations.AddField(
            model_name='user',
            name='preferences',
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
