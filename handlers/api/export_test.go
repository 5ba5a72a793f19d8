package api

// Route is a registered call, as the tests ask about it.
type Route struct {
	Method, Path string
	Public       bool
	Params       []string
}

// Routes is every call that New registers.
func Routes() []Route {
	var routes []Route
	for _, rt := range (&api{}).routes() {
		routes = append(routes, Route{rt.method, rt.path, rt.right == public, rt.params})
	}
	return routes
}

// The parsers, for the fuzzer.
var (
	DecodeJSON = decodeJSON
	DecodeForm = decodeForm
)
