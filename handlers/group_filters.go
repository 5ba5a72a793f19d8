package handlers

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// filters shows the form that filters a list. Sent, it leads to the list with its filters, which
// are operators in the search.
func (p groupPages) filters(w http.ResponseWriter, r *http.Request) error {
	form, err := p.filterForm(r)
	if err != nil {
		return err
	}
	if r.FormValue("do") == "" {
		return p.showFilters(w, r, http.StatusOK, form)
	}
	was := form.Values
	form.Values = map[string]string{}
	for name := range r.Form {
		form.Values[name] = strings.TrimSpace(r.FormValue(name))
	}
	if form.Problems = checkFilters(form.Values); len(form.Problems) > 0 {
		return p.showFilters(w, r, http.StatusUnprocessableEntity, form)
	}
	at := form.List.At
	at.Q = filteredSearch(form, was)
	if text.Length(at.Q) > models.MaxSearch {
		form.Problems = access.Refused("", "These filters are too long for a search. Remove one.")
		return p.showFilters(w, r, http.StatusUnprocessableEntity, form)
	}
	if at.Q != form.List.At.Q && strings.HasSuffix(at.Sort, "archived_at") {
		at.Sort = ""
	}
	return redirect(w, r, views.GroupsURL(at))
}

// filterForm returns the form for the list that it was opened from.
func (p groupPages) filterForm(r *http.Request) (form views.FilterForm, err error) {
	_, query, _ := strings.Cut(string(groupsOf(r)), "?")
	at, groups := savedList(r, query)
	form.List = views.GroupList{By: by(r), At: at, Status: groups.Shown(), Search: groups.Search, Now: p.now(r)}
	if form.Facets, err = p.store.Facets.OfGroups(r.Context(), groups); err != nil {
		return form, err
	}
	form.Values = views.FilterValues(form.Facets, groups.Search, form.List.Now)
	return form, nil
}

func (p groupPages) showFilters(w http.ResponseWriter, r *http.Request, status int, form views.FilterForm) error {
	creators, err := p.store.Creators.All(r.Context())
	if err != nil {
		return err
	}
	for _, c := range creators {
		form.Creators = append(form.Creators, c.Name)
	}
	return p.render(w, r, status, views.Page{Title: "Filters", Failed: len(form.Problems) > 0, Body: views.FiltersPage(form)})
}

// checkFilters returns what is wrong with the dates of the form.
func checkFilters(values map[string]string) access.Invalid {
	var problems access.Invalid
	for _, name := range []string{"created_from", "created_to", "archived_from", "archived_to", "active_before"} {
		day, err := time.Parse(time.DateOnly, values[name])
		if values[name] != "" && (err != nil || day.Year() < 1970 || day.Year() > 9998) {
			problems = append(problems, access.Refused(name, "Enter a date like 2026-01-31.")...)
		}
	}
	for _, span := range []string{"created", "archived"} {
		from, to := values[span+"_from"], values[span+"_to"]
		if problems.For(span+"_from") == "" && from != "" && to != "" && to < from {
			problems = problems.And(access.Refused(span+"_to", "This date can't be before the first one."))
		}
	}
	return problems
}

// filteredSearch returns the list's search with the filters of the form. A field that is as it was
// leaves them as they were typed.
func filteredSearch(form views.FilterForm, was map[string]string) string {
	s, is := form.List.Search, form.Values
	set := func(filter string, prefixes []string, fields ...string) {
		if slices.ContainsFunc(fields, func(name string) bool { return was[name] != is[name] }) {
			s = models.ParseSearch(s.With(filter, prefixes...), form.List.Now.Location())
		}
	}
	for _, f := range form.Facets {
		i := slices.IndexFunc(f.Values, func(v models.FacetValue) bool { return v.Filter == is[f.Name] })
		if i >= 0 {
			set(f.Values[i].Filter, f.Prefixes, f.Name)
		} else if is[f.Name] == "" {
			set("", f.Prefixes, f.Name)
		}
	}
	for _, key := range []string{"created", "archived"} {
		from, to := key+"_from", key+"_to"
		set(period(key, is[from], is[to]), []string{key + ":"}, from, to)
	}
	set(quoted("active:<", is["active_before"]), []string{"active:"}, "active_before")
	set(memberFilters(is["member"]), []string{"member:"}, "member")
	set(quoted("by:", is["by"]), []string{"by:"}, "by")
	return s.Typed
}

// memberFilters returns the filters for members that were typed with commas between them.
func memberFilters(typed string) string {
	var filters []string
	for member := range strings.SplitSeq(typed, ",") {
		if filter := quoted("member:", member); filter != "" {
			filters = append(filters, filter)
		}
	}
	return strings.Join(filters, " ")
}

// period returns the filter for days from one to another, of which one or both may be "".
func period(key, from, to string) string {
	switch {
	case from == "" && to == "":
		return ""
	case to == "":
		return key + ":>=" + from
	case from == "":
		return key + ":<=" + to
	}
	return key + ":" + from + ".." + to
}

// quoted returns a filter with a value that was typed; "" for none.
func quoted(key, value string) string {
	value = strings.Join(strings.Fields(strings.ReplaceAll(value, `"`, "")), " ")
	switch {
	case value == "":
		return ""
	case strings.ContainsFunc(value, unicode.IsSpace):
		return key + `"` + value + `"`
	}
	return key + value
}
