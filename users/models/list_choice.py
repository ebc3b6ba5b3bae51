"""What an operator has chosen for a list: kept with the operator, not with the browser."""

from django.db import models


class ListColumns(models.Model):
    """The columns of one list (``name``) as one operator wants them, in order; no row: the usual ones."""

    operator = models.ForeignKey("users.Operator", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    columns = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "name"], name="listcolumns_once")]

    def __str__(self) -> str:
        return f"{self.operator_id}: {self.name}"
