// SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
// SPDX-License-Identifier: Apache-2.0

// Command apiserver is kube-apiserver that can say another version than its own.
//
// With --emulated-version the upstream server behaves as an older minor version, but /version still shows the binary's.
// --shown-version is the version that clients are to see, as EKS words it (v1.33.7-eks-ac2d5a0).
package main

import (
	"os"
	_ "time/tzdata"

	"k8s.io/apimachinery/pkg/util/version"
	apimachineryversion "k8s.io/apimachinery/pkg/version"
	"k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/component-base/cli"
	basecompatibility "k8s.io/component-base/compatibility"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

var shown string

// registry hands out effective versions that show the wanted version.
type registry struct {
	basecompatibility.ComponentGlobalsRegistry
}

func (r registry) EffectiveVersionFor(component string) basecompatibility.EffectiveVersion {
	effective := r.ComponentGlobalsRegistry.EffectiveVersionFor(component)
	if effective == nil {
		return nil
	}
	return effectiveVersion{effective}
}

type effectiveVersion struct {
	basecompatibility.EffectiveVersion
}

func (e effectiveVersion) Info() *apimachineryversion.Info {
	info := e.EffectiveVersion.Info()
	if info != nil && shown != "" {
		wanted := version.MustParseSemantic(shown)
		info.Major = version.Itoa(wanted.Major())
		info.Minor = version.Itoa(wanted.Minor())
		info.GitVersion = shown
	}
	return info
}

func main() {
	compatibility.DefaultComponentGlobalsRegistry = registry{compatibility.DefaultComponentGlobalsRegistry}
	command := app.NewAPIServerCommand()
	command.Flags().StringVar(&shown, "shown-version", "", "The version that /version shows instead of the binary's.")
	os.Exit(cli.Run(command))
}
