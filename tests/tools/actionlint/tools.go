//go:build tools

// Package tools names what the tests build, so that go.sum pins what it needs.
package tools

import (
	_ "github.com/rhysd/actionlint/cmd/actionlint"
)
