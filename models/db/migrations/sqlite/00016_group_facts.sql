-- +goose Up

-- When there was last a message, or when the group was created if there has been none. Who
-- created it, as of then; '' if nobody knows: the activity that says so may be deleted, and
-- these stay. And whether another group has, or once had, the same name_key.
ALTER TABLE groups ADD COLUMN last_active_at  integer NOT NULL DEFAULT 0;
ALTER TABLE groups ADD COLUMN created_by_kind text NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN created_by_id   text NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN created_by_name text NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN same_name       boolean NOT NULL DEFAULT 0;

UPDATE groups SET last_active_at = max(created_at, coalesce(
    (SELECT created_at FROM messages WHERE conversation_id = groups.conversation_id ORDER BY id DESC LIMIT 1), 0));
UPDATE groups SET created_by_kind = line.actor_kind, created_by_id = line.actor_id, created_by_name = line.actor_name
    FROM audit_lines AS line WHERE line.action = 'group.create' AND line.object_id = groups.id;
UPDATE groups SET same_name = 1 WHERE name_key IN (SELECT name_key FROM groups GROUP BY name_key HAVING count(*) > 1);

CREATE INDEX groups_updated              ON groups (updated_at, id);
CREATE INDEX groups_active_updated       ON groups (updated_at, id) WHERE archived_at IS NULL;
CREATE INDEX groups_archived_updated     ON groups (updated_at, id) WHERE archived_at IS NOT NULL;
CREATE INDEX groups_last_active          ON groups (last_active_at, id);
CREATE INDEX groups_active_last_active   ON groups (last_active_at, id) WHERE archived_at IS NULL;
CREATE INDEX groups_archived_last_active ON groups (last_active_at, id) WHERE archived_at IS NOT NULL;
CREATE INDEX groups_described            ON groups (id) WHERE description IS NOT NULL;
CREATE INDEX groups_avatar               ON groups (id) WHERE avatar_url IS NOT NULL;
CREATE INDEX groups_no_avatar            ON groups (id) WHERE avatar_url IS NULL;
CREATE INDEX groups_created_by           ON groups (created_by_id, id);
CREATE INDEX groups_same_name            ON groups (id) WHERE same_name;

-- Where a deleted group was in the orders of lists, for those who page through one.
ALTER TABLE tombstones ADD COLUMN updated_at  integer NOT NULL DEFAULT 0;
ALTER TABLE tombstones ADD COLUMN archived_at integer;
