package views

import "github.com/a-h/templ"

// The addresses of contacts.

func ExportContactURL(id string) templ.SafeURL { return pathTo("/contacts/", id, "/export", "") }

func NewContactURL() templ.SafeURL           { return "/contacts/new" }
func ContactURL(id string) templ.SafeURL     { return pathTo("/contacts/", id, "", "") }
func EditContactURL(id string) templ.SafeURL { return pathTo("/contacts/", id, "/edit", "") }
func DeleteContactURL(id string, next Next) templ.SafeURL {
	return pathTo("/contacts/", id, "/delete", next)
}

// EraseContactURL returns the address that erases the personal data of a contact.
func EraseContactURL(id string, next Next) templ.SafeURL {
	return pathTo("/contacts/", id, "/erase", next)
}

// MergeContactsURL returns the address of the form that merges contacts.
func MergeContactsURL() templ.SafeURL { return "/contacts/merge" }

// MergeURL returns the address of the form for some contacts, and of the list that they were chosen in.
func MergeURL(list templ.SafeURL, ids ...string) templ.SafeURL {
	var parameters []string
	for _, id := range ids {
		parameters = append(parameters, "ids", id)
	}
	return withParams(MergeContactsURL(), append(parameters, "list", string(list))...)
}

// PickURL returns the address of a picker's search; the members of the group with the ID group are
// marked, if it isn't "".
func PickURL(group string) templ.SafeURL { return withParams("/contacts/pick", "group", group) }

// PickGroupURL returns the address of the search of a picker of groups.
func PickGroupURL() templ.SafeURL { return "/groups/pick" }

// ExportContactsURL returns the address that exports a list of contacts, as ExportGroupsURL.
func ExportContactsURL(at ContactsAt) templ.SafeURL {
	return withParams("/contacts/export", "q", at.Q, "sort", at.Sort)
}

// MissingContactsURL returns the address that downloads what was not found of a pasted list.
func MissingContactsURL() templ.SafeURL { return "/contacts/pick/missing" }
