"""The wall's own tables; they are written by the database's functions only."""

from typing import ClassVar

from django.db import models

from apps.battles.models import Battle
from apps.licensing.models.releases import Release
from apps.prompts.models import Cluster


class RetiredCluster(models.Model):
    """A certificate that a cluster is past the wall; written by the database's function alone."""

    cluster = models.OneToOneField(Cluster, on_delete=models.DO_NOTHING, primary_key=True, related_name="certificate")
    last_live_at = models.DateTimeField()
    retired_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "retired_cluster"

    def __str__(self) -> str:
        return f"certificate of cluster {self.cluster_id}"


class EligibleBattle(models.Model):
    """A battle all of whose clusters are retired; written by the database's functions alone."""

    battle = models.OneToOneField(Battle, on_delete=models.DO_NOTHING, primary_key=True, related_name="eligibility")
    source = models.CharField(max_length=16)
    last_event_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "eligible_battle"

    def __str__(self) -> str:
        return f"eligible battle {self.battle_id}"


class EligibleBattleCluster(models.Model):
    """Why a battle is eligible: one row per cluster, with its certificate's time."""

    pk = models.CompositePrimaryKey("battle_id", "cluster_id")
    battle = models.ForeignKey(EligibleBattle, on_delete=models.DO_NOTHING, related_name="clusters")
    cluster = models.ForeignKey(Cluster, on_delete=models.DO_NOTHING, related_name="+")
    retired_at = models.DateTimeField()
    last_event_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "eligible_battle_cluster"

    def __str__(self) -> str:
        return f"battle {self.battle_id} by cluster {self.cluster_id}"


class ReleaseItem(models.Model):
    """A battle in a sealed release; a battle is in at most one, for good."""

    battle = models.OneToOneField(
        EligibleBattle, on_delete=models.DO_NOTHING, primary_key=True, related_name="release_item"
    )
    release = models.ForeignKey(Release, on_delete=models.DO_NOTHING, related_name="release_items")

    class Meta:
        managed = False
        db_table = "release_item"
        ordering: ClassVar = ["battle_id"]

    def __str__(self) -> str:
        return f"battle {self.battle_id} in release {self.release_id}"
