// SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins the commands that the rehearsal builds from this module.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
