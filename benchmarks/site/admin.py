"""The admin's list: the same columns, the same filter, as many rows a page."""

from django.contrib import admin

from benchmarks.site.models import Listed


@admin.register(Listed)
class ListedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "phase", "project", "creator", "class_name", "active", "unsaved", "created")
    list_filter = ("phase",)
    ordering = ("-created",)
    list_per_page = 50
