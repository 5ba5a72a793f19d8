package views

import "github.com/a-h/templ"

// The addresses of the documentation. DocsURL is its index.

func DocsURL() templ.SafeURL            { return "/docs" }
func DocURL(topic string) templ.SafeURL { return pathTo("/docs/", topic, "", "") }

// ErrorDocsURL returns the address of the documentation of an API error code.
func ErrorDocsURL(code string) templ.SafeURL { return pathTo("/docs/errors/", code, "", "") }

// ReferenceURL returns the address of a group of calls in the API reference, and of one of them.
func ReferenceURL(group, call string) templ.SafeURL {
	address := pathTo("/docs/api/", group, "", "")
	if call != "" {
		address += templ.SafeURL("#" + call)
	}
	return address
}

// CallsURL returns the address of the API calls of the page that one comes from.
func CallsURL() templ.SafeURL { return "/docs/calls" }

// The addresses of files for monitoring.

func AlertsURL() templ.SafeURL    { return "/docs/metrics/alerts.yml" }
func DashboardURL() templ.SafeURL { return "/docs/metrics/dashboard.json" }

// ClientURL returns the address of a file of the API's clients.
func ClientURL(name string) templ.SafeURL { return pathTo("/docs/clients/", name, "", "") }
