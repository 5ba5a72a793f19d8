package api

// Route is a call of the table, as the tests ask about it.
type Route struct {
	Method, Path                  string
	Public                        bool
	Params                        []string
	Body, Idempotent, Conditional bool
}

// Routes is every call of the table.
func Routes() []Route {
	var routes []Route
	for _, rt := range (&api{}).table() {
		routes = append(routes, Route{rt.method, rt.path, rt.right == public, rt.params, rt.body || rt.upload, rt.idempotent, rt.conditional})
	}
	return routes
}

// The parsers, for the fuzzer.
var (
	DecodeJSON   = decodeJSON
	DecodeForm   = decodeForm
	DecodeNested = decodeNested
)
