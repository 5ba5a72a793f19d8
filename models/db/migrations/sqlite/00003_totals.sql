-- +goose Up
-- How many rows the long lists have, kept as rows come and go: to count a million
-- takes too long, and SQLite, which has one writer, can keep a counter for nothing.
-- (PostgreSQL has estimates of its own; there a counter would make writers wait.)

CREATE TABLE totals (
    list text PRIMARY KEY,
    n    integer NOT NULL CHECK (n >= 0)
) WITHOUT ROWID;
INSERT INTO totals (list, n) VALUES
    ('groups',          (SELECT count(*) FROM groups)),
    ('groups_active',   (SELECT count(*) FROM groups WHERE archived_at IS NULL)),
    ('groups_archived', (SELECT count(*) FROM groups WHERE archived_at IS NOT NULL)),
    ('contacts',        (SELECT count(*) FROM contacts));

-- +goose StatementBegin
CREATE TRIGGER groups_total_insert AFTER INSERT ON groups BEGIN
    UPDATE totals SET n = n + 1 WHERE list IN ('groups', iif(new.archived_at IS NULL, 'groups_active', 'groups_archived'));
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER groups_total_delete AFTER DELETE ON groups BEGIN
    UPDATE totals SET n = n - 1 WHERE list IN ('groups', iif(old.archived_at IS NULL, 'groups_active', 'groups_archived'));
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER groups_total_update AFTER UPDATE OF archived_at ON groups WHEN (old.archived_at IS NULL) <> (new.archived_at IS NULL) BEGIN
    UPDATE totals SET n = n - 1 WHERE list = iif(old.archived_at IS NULL, 'groups_active', 'groups_archived');
    UPDATE totals SET n = n + 1 WHERE list = iif(new.archived_at IS NULL, 'groups_active', 'groups_archived');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contacts_total_insert AFTER INSERT ON contacts BEGIN
    UPDATE totals SET n = n + 1 WHERE list = 'contacts';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contacts_total_delete AFTER DELETE ON contacts BEGIN
    UPDATE totals SET n = n - 1 WHERE list = 'contacts';
END;
-- +goose StatementEnd
