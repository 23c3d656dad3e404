//go:build tools

// Package tools names the commands that the tests of the alert rules run, so that go.sum pins what
// they need.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
