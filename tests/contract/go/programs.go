//go:build programs

// Package programs names the stock programs that the contract tests run, so that go.mod holds all
// that they are built from.
package programs

import (
	_ "github.com/taskcluster/taskcluster/v83/clients/client-shell"
	_ "github.com/taskcluster/taskcluster/v83/tools/livelog"
	_ "github.com/taskcluster/taskcluster/v83/tools/taskcluster-proxy"
	_ "github.com/taskcluster/taskcluster/v83/tools/websocktunnel/cmd/websocktunnel"
	_ "github.com/taskcluster/taskcluster/v83/tools/worker-runner/cmd/start-worker"
	_ "github.com/taskcluster/taskcluster/v83/workers/generic-worker"
)
