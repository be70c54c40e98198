"""The Merkle log over entries: hashes in tiles, signed checkpoints, and how far sealing may go."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

# As in C2SP tlog-tiles: 2**8 hashes a tile.
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT


class LogTile(models.Model):
    """Up to 256 neighbouring hashes of one level: of leaves (level 0), or of complete tiles one level below.

    Level 0 also says whose hash each one is. That is for finding what was tampered with; no signature covers it.
    """

    id = models.BigAutoField(primary_key=True)
    level = models.PositiveSmallIntegerField(_("level"))
    index = models.BigIntegerField(_("index"))
    hashes = models.BinaryField(_("hashes"))
    entry_ids = ArrayField(models.BigIntegerField(), default=list, verbose_name=_("entries"))
    first_entry_id = models.BigIntegerField(_("first entry"), null=True)

    class Meta:
        verbose_name = _("log tile")
        verbose_name_plural = _("log tiles")
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="log_tile_once")]
        indexes = [models.Index(fields=["first_entry_id"], name="log_tile_of_entry", condition=Q(level=0))]
        triggers = [
            pgtrigger.Protect(name="log_tile_stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="log_tile_only_grows",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "((OLD.level, OLD.index) IS DISTINCT FROM (NEW.level, NEW.index)"
                    " OR OLD.first_entry_id IS DISTINCT FROM NEW.first_entry_id"
                    " OR OLD.hashes IS DISTINCT FROM substring(NEW.hashes FROM 1 FOR octet_length(OLD.hashes))"
                    " OR OLD.entry_ids IS DISTINCT FROM NEW.entry_ids[1:cardinality(OLD.entry_ids)])"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class Checkpoint(models.Model):
    """One signed statement: the log had `size` leaves, the last one entry `last_entry_id`, and this root."""

    id = models.BigAutoField(primary_key=True)
    size = models.BigIntegerField(_("entries"), unique=True)
    root = models.BinaryField(_("root"))
    note = models.TextField(_("signed note"))
    last_entry_id = models.BigIntegerField(_("last entry"))
    created_at = models.DateTimeField(_("sealed at"))

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        constraints = [models.CheckConstraint(name="checkpoint_not_empty", condition=Q(size__gt=0))]
        triggers = [
            pgtrigger.Protect(name="checkpoint_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return str(self.size)


class SealMark(models.Model):
    """How far sealing may go, once every transaction older than `horizon` has ended; one row, and sealing's lock."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    up_to_entry_id = models.BigIntegerField(_("sealed up to entry"), default=0)
    horizon = models.BigIntegerField(_("oldest transaction waited for"), default=0)

    class Meta:
        verbose_name = _("mark of sealing")
        verbose_name_plural = _("mark of sealing")
        constraints = [models.CheckConstraint(name="seal_mark_single_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return str(self.up_to_entry_id)
