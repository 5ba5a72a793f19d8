package api

import "protocol.chat/console/models/access"

// Route is a call of the table, as the tests ask about it.
type Route struct {
	Method, Path                  string
	Public, AnyToken              bool
	Params                        []string
	Body, Idempotent, Conditional bool
}

// Routes is every call of the table.
func Routes() []Route {
	var routes []Route
	for _, rt := range (&api{}).table() {
		routes = append(routes, Route{rt.method, rt.path, rt.right == public, rt.right == anyToken, rt.params, rt.body || rt.upload, rt.idempotent, rt.conditional})
	}
	return routes
}

// SampleInputs are the bodies of which the documentation says that they are refused.
func SampleInputs() (calls, bodies []string, problems []access.Problem) {
	for _, s := range sampleInputs {
		calls, bodies, problems = append(calls, s.call), append(bodies, s.body), append(problems, s.problem)
	}
	return calls, bodies, problems
}

// The parsers, for the fuzzer.
var (
	DecodeJSON   = decodeJSON
	DecodeForm   = decodeForm
	DecodeNested = decodeNested
)
