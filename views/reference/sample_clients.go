package reference

import (
	"slices"
	"strings"
)

// A method is what a call is in the clients of the API.
type method struct {
	name string
	// takes is what it takes after the IDs in the path.
	takes argument
}

type argument int

const (
	options    argument = iota // nothing but options
	query                      // the parameters of the query
	attributes                 // the body
	contacts                   // the attribute contacts of the body
	operations                 // the attribute operations of the body; atomic is an option
)

// methods are the calls that the clients have a method for, by ID. All others are made with request.
var methods = map[string]method{
	"listGroups":     {"groups.list", query},
	"createGroup":    {"groups.create", attributes},
	"getGroup":       {"groups.get", query},
	"updateGroup":    {"groups.update", attributes},
	"deleteGroup":    {"groups.delete", options},
	"archiveGroup":   {"groups.archive", options},
	"restoreGroup":   {"groups.restore", options},
	"batchGroups":    {"groups.batch", operations},
	"bulkGroups":     {"groups.bulk", attributes},
	"listMembers":    {"members.list", query},
	"addMembers":     {"members.add", contacts},
	"removeMember":   {"members.remove", options},
	"listContacts":   {"contacts.list", query},
	"createContact":  {"contacts.create", attributes},
	"getContact":     {"contacts.get", query},
	"updateContact":  {"contacts.update", attributes},
	"deleteContact":  {"contacts.delete", options},
	"bulkContacts":   {"contacts.bulk", attributes},
	"listMessages":   {"messages.list", query},
	"postMessage":    {"messages.create", attributes},
	"deleteMessage":  {"messages.delete", query},
	"listJobs":       {"jobs.list", query},
	"getJob":         {"jobs.get", options},
	"cancelJob":      {"jobs.cancel", options},
	"undoJob":        {"jobs.undo", options},
	"startJob":       {"jobs.start", options},
	"listJobResults": {"jobs.results", query},
	"listActivity":   {"activity.list", query},
	"getActivity":    {"activity.get", options},
	"listEvents":     {"events.list", query},
	"verifyActivity": {"activity.verify", query},
	"getMe":          {"me.get", options},

	"exportGroups":   {"groups.export", query},
	"exportContacts": {"contacts.export", query},
	"exportMembers":  {"members.export", query},
	"importFile":     {"imports.create", query}, // and the file before it

	"listWebhooks":           {"webhooks.list", query},
	"createWebhook":          {"webhooks.create", attributes},
	"getWebhook":             {"webhooks.get", query},
	"updateWebhook":          {"webhooks.update", attributes},
	"deleteWebhook":          {"webhooks.delete", options},
	"rollWebhookSecret":      {"webhooks.roll", options},
	"testWebhook":            {"webhooks.test", attributes},
	"resendFailedDeliveries": {"webhooks.resend", attributes},
	"listDeliveries":         {"webhooks.deliveries.list", query},
	"getDelivery":            {"webhooks.deliveries.get", options},
	"resendDelivery":         {"webhooks.deliveries.resend", options},
}

// ClientMethods returns the methods of the clients by the object that has them, such as groups, each
// in alphabetical order.
func ClientMethods() map[string][]string {
	all := map[string][]string{}
	for _, m := range methods {
		dot := strings.LastIndex(m.name, ".")
		object := m.name[:dot]
		all[object] = append(all[object], m.name[dot+1:])
	}
	for _, names := range all {
		slices.Sort(names)
	}
	return all
}

// ids returns the values of the path, in its order.
func (r Request) ids() []any {
	var ids []any
	for part := range strings.SplitSeq(r.Call.Path, "/") {
		if name, is := strings.CutPrefix(part, "{"); is {
			ids = append(ids, r.Path[strings.TrimSuffix(name, "}")])
		}
	}
	return ids
}

// clientQuery returns the query as the clients take it: lists without the brackets.
func (r Request) clientQuery() Members {
	var named Members
	for _, m := range r.Query {
		if name, list := strings.CutSuffix(m.Key, "[]"); list {
			if _, is := m.Value.([]any); !is {
				m.Value = []any{m.Value}
			}
			m.Key = name
		}
		named = append(named, m)
	}
	return named
}

// main returns what the method takes beside IDs and options: nil if it takes nothing.
func (r Request) main(takes argument) any {
	body, _ := r.Body.(Members)
	switch takes {
	case query:
		if len(r.Query) > 0 {
			return r.clientQuery()
		}
	case attributes:
		if body == nil {
			return Members{}
		}
		return body
	case contacts:
		return body.Get("contacts")
	case operations:
		return body.Get("operations")
	}
	return nil
}

// options returns the options of a request, by the names they have in a client.
func (r Request) options(ifMatch, dryRun string) Members {
	var found Members
	if r.IfMatch != "" {
		found = append(found, Member{ifMatch, r.IfMatch})
	}
	if r.DryRun {
		found = append(found, Member{dryRun, true})
	}
	return found
}

// method returns what the call is in the clients.
func (r Request) method() (method, bool) {
	m, ok := methods[r.Call.ID]
	if ok && m.takes == options && len(r.Query) > 0 {
		return m, false // which the method has no place for
	}
	return m, ok
}

// request returns the options of a client's method request: the query, the body and the others.
func (r Request) request(others Members) Members {
	var found Members
	if len(r.Query) > 0 {
		found = append(found, Member{"query", r.clientQuery()})
	}
	if r.Body != nil {
		found = append(found, Member{"body", r.Body})
	}
	return append(found, others...)
}

func atomic(r Request) bool {
	body, _ := r.Body.(Members)
	return body.Get("atomic") == true
}

// call returns a call of a function, broken into lines if it is long: its last argument, if that is an
// object, and else each argument on a line.
func (n notation) call(function string, args []any) string {
	var parts []string
	for _, arg := range args {
		parts = append(parts, n.flat(arg))
	}
	if one := function + "(" + strings.Join(parts, ", ") + ")"; len(one) <= width {
		return one
	}
	for i, arg := range args {
		parts[i] = n.write(arg, 0, width-20)
	}
	return function + "(" + strings.Join(parts, ", ") + ")"
}

// javaScript writes a request with our client for JavaScript.
func javaScript(r Request) string {
	head := "import ApiClient from './protocol-api.mjs'\n\nconst client = " +
		asJS.call("new ApiClient", []any{token, Members{{"baseUrl", r.Base}}}) + "\n\n"
	if r.files() {
		return javaScriptFile(r, head)
	}
	others := r.options("ifMatch", "dryRun")
	m, ok := r.method()
	if !ok {
		args := []any{r.Call.Method, r.path()}
		if found := r.request(others); len(found) > 0 {
			args = append(args, found)
		}
		return head + "await " + asJS.call("client.request", args) + "\n"
	}
	args := r.ids()
	value := r.main(m.takes)
	if m.takes == operations && atomic(r) {
		others = append(Members{{"atomic", true}}, others...)
	}
	switch {
	case value != nil:
		args = append(args, value)
	case m.takes == query && len(others) > 0:
		args = append(args, Members{})
	}
	if len(others) > 0 {
		args = append(args, others)
	}
	return head + "await " + asJS.call("client."+m.name, args) + "\n"
}

// php writes a request with our client for PHP.
func php(r Request) string {
	head := "<?php\nrequire 'ApiClient.php';\n\n$client = " +
		asPHP.call(`new \Protocol\ApiClient`, []any{token, Members{{"base_url", r.Base}}}) + ";\n\n"
	if r.files() {
		return phpFile(r, head)
	}
	others := r.options("if_match", "dry_run")
	m, ok := r.method()
	if !ok {
		args := []any{r.Call.Method, r.path()}
		if found := r.request(others); len(found) > 0 {
			args = append(args, found)
		}
		return head + asPHP.call("$client->request", args) + ";\n"
	}
	args := r.ids()
	if value := r.main(m.takes); value != nil {
		args = append(args, value)
	}
	if m.takes == operations && (atomic(r) || len(others) > 0) {
		args = append(args, atomic(r))
	}
	if len(others) > 0 {
		args = append(args, others)
	}
	return head + asPHP.call("$client->"+strings.ReplaceAll(m.name, ".", "->"), args) + ";\n"
}

// python writes a request with our client for Python.
func python(r Request) string {
	head := "from protocol_api import ApiClient\n\nclient = " +
		pythonCall("ApiClient", []any{token}, Members{{"base_url", r.Base}}) + "\n\n"
	if r.files() {
		return pythonFile(r, head)
	}
	others := r.options("if_match", "dry_run")
	m, ok := r.method()
	if !ok {
		return head + pythonCall("client.request", []any{r.Call.Method, r.path()}, r.request(others)) + "\n"
	}
	args, named := r.ids(), Members{}
	switch value := r.main(m.takes).(type) {
	case Members:
		named = value
	case nil:
	default:
		args = append(args, value)
	}
	if m.takes == operations && atomic(r) {
		named = append(named, Member{"atomic", true})
	}
	return head + pythonCall("client."+m.name, args, slices.Concat(named, others)) + "\n"
}

// pythonCall returns a call with named arguments. Names that Python doesn't allow go in a dict.
func pythonCall(function string, args []any, named Members) string {
	write := func(value func(any) string) []string {
		var parts []string
		var odd Members
		for _, arg := range args {
			parts = append(parts, value(arg))
		}
		for _, m := range named {
			if !identifier.MatchString(m.Key) || slices.Contains(pythonWords, m.Key) {
				odd = append(odd, m)
				continue
			}
			parts = append(parts, m.Key+"="+value(m.Value))
		}
		if len(odd) > 0 {
			parts = append(parts, "**"+value(odd))
		}
		return parts
	}
	if one := function + "(" + strings.Join(write(asPy.flat), ", ") + ")"; len(one) <= width {
		return one
	}
	parts := write(func(v any) string { return asPy.write(v, 4, width-20) })
	return function + "(\n    " + strings.Join(parts, ",\n    ") + ",\n)"
}

// pythonWords are the words of the language that could be names of attributes.
var pythonWords = []string{"from", "in", "is", "and", "or", "not", "as", "with", "class", "global", "None", "True", "False"}
