package handlers_test

import "testing"

func TestAboutThisConsole(t *testing.T) {
	each(t, func(s *site) {
		about := s.get("/settings/about").wants(200)
		about.has("tbody tr:first-child", "There is no key: restore its key file").has("tbody tr:nth-child(2)", "SQLite at sqlite:console.db")
		about.has("main", "1 problem found.").has("main", "Version test").has("main", "Drafts of forms").has("main", "7 days after the last change")
		s.get("/settings/general").wants(200).has("a[href='/settings/about']", "About this console")
	})
}
