// SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
// SPDX-License-Identifier: Apache-2.0

// Package plugins takes the place of Prometheus' own list of ways to find targets: of all clouds' clients, which are
// most of what would have to be compiled, nothing here uses any.
package plugins

import (
	// Register the way that the Prometheus operator's configurations use.
	_ "github.com/prometheus/prometheus/discovery/kubernetes"
)
