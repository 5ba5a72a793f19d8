-- +goose Up
-- New rows wait in a list of the index for words, which every search reads through and
-- which one unlucky row in thousands has to empty. At a million groups, while many are
-- made, a rare word takes 2.1 ms with the 4 MB that PostgreSQL lets it grow to and
-- 0.6 ms with 256 kB, and the unlucky row 50 ms or 18; a row takes 0.03 ms more.
ALTER INDEX groups_search SET (gin_pending_list_limit = 256);
ALTER INDEX contacts_search SET (gin_pending_list_limit = 256);
