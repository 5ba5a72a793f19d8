-- +goose Up

-- What archives groups by itself: one group on a date, or all that a search finds, on a date
-- or every day. Whoever turned a rule on last is its actor; it runs with their rights. reason
-- is why it was stopped. A group's own row outlasts its hold: see models/archive_rule.go.
CREATE TABLE archive_rules (
    id            text PRIMARY KEY CHECK (length(id) = 16),
    name          text NOT NULL CHECK (char_length(name) <= 255),
    group_id      text UNIQUE CHECK (length(group_id) = 16),
    search        text NOT NULL CHECK (char_length(search) <= 200),
    inactive_days integer NOT NULL CHECK (inactive_days BETWEEN 0 AND 36500),
    daily         boolean NOT NULL,
    zone          text NOT NULL,
    note          text NOT NULL CHECK (char_length(note) <= 500),
    state         text NOT NULL CHECK (state IN ('on', 'paused', 'finished')),
    reason        text NOT NULL DEFAULT '' CHECK (reason = '' OR state = 'paused'),
    actor_kind    text NOT NULL,
    actor_id      text NOT NULL,
    actor_name    text NOT NULL,
    user_id       text NOT NULL,
    next_run_at   bigint NOT NULL,
    last_run_at   bigint,
    last_job_id   text REFERENCES jobs (id) ON DELETE SET NULL,
    created_at    bigint NOT NULL,
    CHECK ((group_id IS NULL) = (name <> '')),
    CHECK (group_id IS NULL OR NOT daily AND search = '' AND inactive_days = 0),
    CHECK (group_id IS NOT NULL OR search <> '' OR inactive_days > 0)
);
CREATE INDEX archive_rules_due ON archive_rules (next_run_at) WHERE state = 'on';
CREATE INDEX archive_rules_job ON archive_rules (last_job_id) WHERE last_job_id IS NOT NULL;

-- Groups that rules leave alone.
CREATE TABLE rule_exemptions (
    group_id text PRIMARY KEY CHECK (length(group_id) = 16)
);
