"""What imports, exports and taggings of groups hold about people."""

from django.utils.translation import gettext_lazy as _

from users.models import Export, Import, ImportRow, ListColumns, TagRun, TagRunMember
from users.privacy import Erase, Holding, Place, Traces, holds, impersonal, place, quotes
from users.services.exports import files as exports
from users.services.imports import files as imports

holds(
    Holding(
        ImportRow,
        _("Rows of imported files"),
        320,
        Erase.DELETE,
        {"file__file_name": _("File"), "no": _("Row"), "cells": _("Cells"), "fate": _("What it did")},
        order=("file", "no"),
    )
)
holds(
    Holding(
        TagRunMember,
        _("Taggings in one go"),
        321,
        Erase.DELETE,
        {"run__tag__name": _("Tag"), "run__at": _("When")},
        order=("run",),
    )
)


def _rows_without_owner(traces: Traces) -> int:
    """Rows of files that name the person and belong to no customer (refused, not started)."""
    removed = 0
    for word in traces.words:
        removed += ImportRow.objects.filter(customer=None, cells__icontains=word).delete()[0]
    return removed


def _files(traces: Traces) -> int:
    """Uploaded files still being read, and exports waiting for their download, hold anybody: all of them go."""
    return imports.remove_all() + exports.remove_all()


quotes(
    Import,
    _("Imports"),
    columns=("head", "mapping", "options", "counts", "result", "file_name", "sheet", "sheets"),
    clean=_rows_without_owner,
)
impersonal(
    Export, "title", "options", why="which columns and which group were asked for, in the shop's words"
)
impersonal(ListColumns, "columns", why="names of columns of a list, by our own list of them")
impersonal(TagRun, "group", "sentence", why="a group of customers in words, never one of them")
place(Place("transfers", _("Uploaded and exported files"), _files))
