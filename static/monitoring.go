package static

import _ "embed"

// Alerts are the rules for Prometheus, and Dashboard is the one for Grafana, both for the metrics of a console.
var (
	//go:embed monitoring/alerts.yml
	Alerts string
	//go:embed monitoring/dashboard.json
	Dashboard string
)
