-- The middle of the wall: certificates, eligibility, and what was sold.
--
-- The foreign keys are plain SQL and NOT DEFERRABLE: Django's own wait for the end of the transaction, and a refusal
-- there comes too late for the functions that must notice it.
--
-- The floor of 60 days is spelt as 1440 hours. To a timestamp, PostgreSQL adds days by the calendar of the session's
-- time zone, and a session may choose a zone with hundreds of hours of summer time; hours are the same in all of them.

CREATE TABLE retired_cluster (
  cluster_id bigint PRIMARY KEY REFERENCES prompts_cluster (id) ON UPDATE RESTRICT ON DELETE RESTRICT NOT DEFERRABLE,
  last_live_at timestamptz NOT NULL,
  retired_at timestamptz NOT NULL,
  CONSTRAINT retired_cluster_certificate UNIQUE (cluster_id, retired_at),
  CONSTRAINT retired_cluster_sixty_days CHECK (retired_at >= last_live_at + interval '1440 hours'),
  CONSTRAINT retired_cluster_at_a_time CHECK (isfinite(last_live_at) AND isfinite(retired_at))
);

CREATE TABLE eligible_battle (
  battle_id bigint PRIMARY KEY,
  source varchar(16) NOT NULL,
  last_event_at timestamptz NOT NULL,
  CONSTRAINT eligible_battle_event UNIQUE (battle_id, last_event_at),
  CONSTRAINT eligible_battle_was_fought_here CHECK (source = 'platform'),
  -- An event on the battle changes last_event_at, which this key forbids for as long as the battle is eligible.
  CONSTRAINT eligible_battle_is_as_it_was FOREIGN KEY (battle_id, source, last_event_at)
    REFERENCES battles_battle (id, source, last_event_at) ON UPDATE RESTRICT ON DELETE RESTRICT NOT DEFERRABLE
);

CREATE TABLE eligible_battle_cluster (
  battle_id bigint NOT NULL,
  cluster_id bigint NOT NULL,
  retired_at timestamptz NOT NULL,
  last_event_at timestamptz NOT NULL,
  PRIMARY KEY (battle_id, cluster_id),
  CONSTRAINT eligible_battle_cluster_of FOREIGN KEY (battle_id, last_event_at)
    REFERENCES eligible_battle (battle_id, last_event_at) ON UPDATE RESTRICT ON DELETE CASCADE NOT DEFERRABLE,
  CONSTRAINT eligible_battle_cluster_is_its_own FOREIGN KEY (battle_id, cluster_id)
    REFERENCES battle_cluster (battle_id, cluster_id) ON UPDATE RESTRICT ON DELETE RESTRICT NOT DEFERRABLE,
  CONSTRAINT eligible_battle_cluster_is_certified FOREIGN KEY (cluster_id, retired_at)
    REFERENCES retired_cluster (cluster_id, retired_at) ON UPDATE RESTRICT ON DELETE RESTRICT NOT DEFERRABLE,
  CONSTRAINT eligible_battle_cluster_sixty_days CHECK (retired_at >= last_event_at + interval '1440 hours'),
  CONSTRAINT eligible_battle_cluster_at_a_time CHECK (isfinite(last_event_at) AND isfinite(retired_at))
);
CREATE INDEX eligible_battle_cluster_by_cluster ON eligible_battle_cluster (cluster_id);

CREATE TABLE release_item (
  battle_id bigint PRIMARY KEY
    REFERENCES eligible_battle (battle_id) ON UPDATE RESTRICT ON DELETE RESTRICT NOT DEFERRABLE,
  release_id bigint NOT NULL REFERENCES licensing_release (id) ON UPDATE RESTRICT ON DELETE RESTRICT NOT DEFERRABLE
);
CREATE INDEX release_item_by_release ON release_item (release_id);
