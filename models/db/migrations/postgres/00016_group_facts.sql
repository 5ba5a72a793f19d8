-- +goose Up

-- When there was last a message, or when the group was created if there has been none. Who
-- created it, as of then; '' if nobody knows: the activity that says so may be deleted, and
-- these stay. And whether another group has, or once had, the same name_key.
ALTER TABLE groups ADD COLUMN created_by_kind text NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN created_by_id   text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN created_by_name text NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN same_name       boolean NOT NULL DEFAULT false;
UPDATE groups SET created_by_kind = line.actor_kind, created_by_id = line.actor_id, created_by_name = line.actor_name
    FROM audit_lines AS line WHERE line.action = 'group.create' AND line.object_id = groups.id;
UPDATE groups SET same_name = true WHERE name_key IN (SELECT name_key FROM groups GROUP BY name_key HAVING count(*) > 1);

-- Another type takes its values from another column, which writes the table and its indexes
-- anew, as a whole: that is much quicker than to update each row.
ALTER TABLE groups ADD COLUMN last_active_at integer;
ALTER TABLE groups ALTER COLUMN last_active_at TYPE bigint USING created_at;
ALTER TABLE groups ALTER COLUMN last_active_at SET DEFAULT 0, ALTER COLUMN last_active_at SET NOT NULL;
UPDATE groups SET last_active_at = last.created_at FROM (
    SELECT conversation_id, max(created_at) AS created_at FROM messages GROUP BY conversation_id
) AS last WHERE last.conversation_id = groups.conversation_id AND last.created_at > groups.last_active_at;

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
ALTER TABLE tombstones ADD COLUMN updated_at  bigint NOT NULL DEFAULT 0;
ALTER TABLE tombstones ADD COLUMN archived_at bigint;
