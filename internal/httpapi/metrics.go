// SPDX-FileCopyrightText: The Comity authors
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/comity-project/comity"
	"github.com/comity-project/comity/internal/decide"
)

// metrics are what /metrics shows. No label names a person, principal or tenant.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	page     http.Handler
}

// routeMetrics are those of one route, so that a request looks nothing up.
type routeMetrics struct {
	m        *metrics
	route    string
	duration prometheus.Observer
	ok       prometheus.Counter
	others   [600]atomic.Pointer[prometheus.Counter]
}

func newMetrics(reg *prometheus.Registry, h *Handler) *metrics {
	if reg == nil {
		reg = prometheus.NewRegistry()
		reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "comity_http_requests_total", Help: "Requests by route and status."}, []string{"route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "comity_http_request_seconds", Help: "Time from the headers of a request to its answer.",
			Buckets: []float64{.0005, .001, .002, .004, .008, .016, .032, .064, .128, .256, .512, 1, 2, 4, 8},
		}, []string{"route"}),
	}
	reg.MustRegister(m.requests, m.duration, &doorStats{h: h})
	reg.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "comity_http_connections", Help: "Open connections."}, func() float64 { return float64(h.open.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "comity_http_body_bytes", Help: "Bytes of bodies in memory."}, func() float64 { return float64(h.small.Load() + h.large.Load()) }),
	)
	m.page = promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) route(rt *route) *routeMetrics {
	name := strings.TrimSpace(rt.method + " " + rt.pattern)
	return &routeMetrics{m: m, route: name, duration: m.duration.WithLabelValues(name), ok: m.requests.WithLabelValues(name, "200")}
}

func (rm *routeMetrics) observe(status int, took time.Duration) {
	rm.duration.Observe(took.Seconds())
	switch {
	case status == http.StatusOK:
		rm.ok.Inc()
	case status > 0 && status < len(rm.others):
		c := rm.others[status].Load()
		if c == nil {
			made := rm.m.requests.WithLabelValues(rm.route, strconv.Itoa(status))
			c = &made
			rm.others[status].Store(c)
		}
		(*c).Inc()
	}
}

func (h *Handler) showMetrics(x *exchange) error {
	x.status = http.StatusOK
	h.metrics.page.ServeHTTP(x.w, x.r)
	return nil
}

// doorStats shows the door's counters.
type doorStats struct{ h *Handler }

var (
	decisionsDesc = prometheus.NewDesc("comity_decisions_total", "Decisions by effect.", []string{"effect"}, nil)
	errorsDesc    = prometheus.NewDesc("comity_decision_errors_total", "Requests for decisions that ended in an error.", nil, nil)
	eventsDesc    = prometheus.NewDesc("comity_events_total", "Events of applications that were recorded.", nil, nil)
	shedDesc      = prometheus.NewDesc("comity_shed_total", "What was left out because of load.", []string{"what"}, nil)
	replayedDesc  = prometheus.NewDesc("comity_replayed_total", "Answers that an idempotency key found again.", nil, nil)
	leaseUsesDesc = prometheus.NewDesc("comity_lease_uses_total", "Uses of leases.", nil, nil)
	leasesDesc    = prometheus.NewDesc("comity_leases", "Leases that are kept.", nil, nil)
	inFlightDesc  = prometheus.NewDesc("comity_decisions_in_flight", "Requests that are being decided.", nil, nil)
	candidateDesc = prometheus.NewDesc("comity_candidate_decisions_total", "Decisions that the candidate made in shadow, by how they differ; skipped were not compared.", []string{"result"}, nil)
	laterDesc     = prometheus.NewDesc("comity_later", "Answers that wait to be recorded.", nil, nil)
)

// Describe implements prometheus.Collector.
func (*doorStats) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{decisionsDesc, errorsDesc, eventsDesc, shedDesc, replayedDesc, leaseUsesDesc, leasesDesc, inFlightDesc, candidateDesc, laterDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *doorStats) Collect(ch chan<- prometheus.Metric) {
	s := c.h.o.Door.Stats()
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n int) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n))
	}
	for _, e := range []comity.Effect{comity.Allow, comity.Deny, comity.Review} {
		counter(decisionsDesc, s.Decisions[e], string(e))
	}
	counter(errorsDesc, s.Errors)
	counter(eventsDesc, s.Events)
	counter(shedDesc, s.Shed, "request")
	counter(shedDesc, s.ShedExplained, "explanation")
	counter(shedDesc, s.LaterRefused, "later")
	counter(replayedDesc, s.Replayed)
	counter(leaseUsesDesc, s.LeaseUses)
	if s.Candidate != nil {
		for _, k := range decide.Kinds() {
			counter(candidateDesc, s.Candidate[k], string(k))
		}
		counter(candidateDesc, s.CandidateSkipped, "skipped")
	}
	gauge(leasesDesc, s.Leases)
	gauge(inFlightDesc, s.InFlight)
	gauge(laterDesc, s.Later)
}
