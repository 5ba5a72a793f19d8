-- +goose Up

-- The rows whose text the search indexes don't have yet, each with the text by which it is in
-- the index, if it is. An index is changed once at the end of a transaction (see
-- models/db/sqlite_index.go): it writes a piece of itself to the file, to be merged with others
-- later, whenever the transaction comes to a savepoint or a statement that needs one.
CREATE TABLE unindexed_groups (seq integer PRIMARY KEY, was text);
CREATE TABLE unindexed_contacts (seq integer PRIMARY KEY, was text);

-- Where a row was changed before in the same transaction, its first text counts.
DROP TRIGGER groups_fts_insert;
DROP TRIGGER groups_fts_update;
DROP TRIGGER groups_fts_delete;
-- A new group's row number is above those of held groups too, which may come back.
-- +goose StatementBegin
CREATE TRIGGER groups_fts_insert AFTER INSERT ON groups BEGIN
    UPDATE groups SET seq = (SELECT max(seq) + 1 FROM held_groups)
        WHERE id = new.id AND new.seq <= (SELECT max(seq) FROM held_groups) AND NOT EXISTS (SELECT 1 FROM held_groups WHERE id = new.id);
    INSERT INTO unindexed_groups (seq) SELECT seq FROM groups WHERE id = new.id ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER groups_fts_update AFTER UPDATE OF search ON groups WHEN old.search <> new.search BEGIN
    INSERT INTO unindexed_groups (seq, was) VALUES (old.seq, old.search) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER groups_fts_delete AFTER DELETE ON groups BEGIN
    INSERT INTO unindexed_groups (seq, was) VALUES (old.seq, old.search) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd

DROP TRIGGER contacts_fts_insert;
DROP TRIGGER contacts_fts_update;
DROP TRIGGER contacts_fts_delete;
-- +goose StatementBegin
CREATE TRIGGER contacts_fts_insert AFTER INSERT ON contacts BEGIN
    INSERT INTO unindexed_contacts (seq) VALUES (new.seq) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contacts_fts_update AFTER UPDATE OF search ON contacts WHEN old.search <> new.search BEGIN
    INSERT INTO unindexed_contacts (seq, was) VALUES (old.seq, old.search) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contacts_fts_delete AFTER DELETE ON contacts BEGIN
    INSERT INTO unindexed_contacts (seq, was) VALUES (old.seq, old.search) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd
