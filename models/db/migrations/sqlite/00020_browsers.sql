-- +goose Up

-- A browser is stored as name/system, without words, of which "Unknown browser" and
-- "Browser on Linux" had some.
UPDATE devices SET browser = CASE
    WHEN browser = 'Unknown browser' THEN '/'
    WHEN browser LIKE 'Browser on %' THEN replace(browser, 'Browser on ', '/')
    WHEN browser LIKE '% on %' THEN replace(browser, ' on ', '/')
    ELSE browser || '/'
END;
