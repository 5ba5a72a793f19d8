package views

import (
	"slices"
	"strconv"

	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/webhooks"
)

// hourChart is a chart of how often something happened in each of the last hours.
type hourChart struct {
	// one and many are what is counted, "request" and "requests", and rest those that didn't fail.
	one, many, rest string
	hours           []hour
	now             Clock
}

type hour struct {
	at          int64
	all, failed int
}

// requestHours is the chart of requests to the API.
func requestHours(hours []identity.TokenHour, now Clock) hourChart {
	c := hourChart{one: "request", many: "requests", rest: "Succeeded", now: now}
	for _, h := range hours {
		c.hours = append(c.hours, hour{h.Hour, h.Requests, h.Errors})
	}
	return c
}

// deliveryHours is the chart of deliveries to webhooks.
func deliveryHours(hours []webhooks.Hour, now Clock) hourChart {
	c := hourChart{one: "delivery", many: "deliveries", rest: "Delivered or pending", now: now}
	for _, h := range hours {
		c.hours = append(c.hours, hour{h.At, h.Made, h.Failed})
	}
	return c
}

// The dimensions of the chart, in its own units.
const (
	chartHeight = 96
	barStep     = 20
	barWidth    = 14
)

// hourBar is a bar of the chart: the heights of all of an hour, and of the failed ones.
type hourBar struct{ x, y, height, failed int }

// none reports whether the chart would be empty.
func (c hourChart) none() bool {
	return !slices.ContainsFunc(c.hours, func(h hour) bool { return h.all > 0 })
}

// peak returns the busiest hour, which has the chart's full height.
func (c hourChart) peak() (busiest hour) {
	for _, h := range c.hours {
		if h.all > busiest.all {
			busiest = h
		}
	}
	return busiest
}

func (c hourChart) bars() []hourBar {
	most := max(1, c.peak().all)
	drawn := make([]hourBar, len(c.hours))
	for i, h := range c.hours {
		b := hourBar{x: i*barStep + (barStep-barWidth)/2}
		if h.all > 0 {
			b.height = max(2, h.all*chartHeight/most)
			b.failed = h.failed * b.height / h.all
		}
		b.y = chartHeight - b.height
		drawn[i] = b
	}
	return drawn
}

func (c hourChart) box() string {
	return "0 0 " + strconv.Itoa(len(c.hours)*barStep) + " " + strconv.Itoa(chartHeight)
}

// sentence returns a text alternative to the chart.
func (c hourChart) sentence() string {
	var all, failed int
	for _, h := range c.hours {
		all, failed = all+h.all, failed+h.failed
	}
	if all == 0 {
		return "No " + c.many + " in the last 24 hours."
	}
	peak := c.peak()
	return counted(all, c.one, c.many, c.now) + " in the last 24 hours, " + thousands(failed, c.now) + " failed" +
		". Busiest hour: " + hourOf(peak.at, c.now) + ", with " + counted(peak.all, c.one, c.many, c.now) + "."
}

// hourOf returns the time of an hour in the reader's zone.
func hourOf(at int64, now Clock) string { return zoned(at, now, now.style().hour+" ") }

func shortHour(at int64, now Clock) string {
	return now.local(at).Format(now.style().shortOfYear + now.style().join + now.style().hour)
}
