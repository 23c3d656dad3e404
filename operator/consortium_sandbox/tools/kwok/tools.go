//go:build tools

// Package tools names the commands that the sandbox builds, so that go.sum pins what they need.
package tools

import (
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
