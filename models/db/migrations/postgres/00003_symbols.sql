-- +goose Up
-- symbols took out of a text what is no symbol a letter at a time, which was most of
-- the work of writing a row. By runs of letters it comes to the same.

ALTER TABLE groups DROP COLUMN symbols;
ALTER TABLE groups ADD COLUMN symbols text[] NOT NULL
    GENERATED ALWAYS AS (string_to_array(regexp_replace(search, '[[:alnum:][:space:]]+', '', 'g'), NULL)) STORED;
CREATE INDEX groups_symbols ON groups USING gin (symbols);

ALTER TABLE contacts DROP COLUMN symbols;
ALTER TABLE contacts ADD COLUMN symbols text[] NOT NULL
    GENERATED ALWAYS AS (string_to_array(regexp_replace(search, '[[:alnum:][:space:]]+', '', 'g'), NULL)) STORED;
CREATE INDEX contacts_symbols ON contacts USING gin (symbols);
