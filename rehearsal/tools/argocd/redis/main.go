// SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
// SPDX-License-Identifier: Apache-2.0

// Command redis-server answers as the redis of Argo CD does: a cache with times to live, publish and subscribe, and a
// password. It takes those of redis-server's flags that mean something to it, and no others.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

const tick = time.Second

func main() {
	bind := flag.String("bind", "127.0.0.1", "address to listen on")
	port := flag.String("port", "6379", "port to listen on")
	password := flag.String("requirepass", "", "password that clients must send")
	flag.String("save", "", "kept in memory alone, whatever this says")
	flag.String("appendonly", "no", "kept in memory alone, whatever this says")
	// the server's own command line may hold a flag and its value in one argument
	var words []string
	for _, word := range os.Args[1:] {
		if name, value, found := strings.Cut(word, " "); found && strings.HasPrefix(word, "--") {
			words = append(words, name, value)
			continue
		}
		words = append(words, word)
	}
	_ = flag.CommandLine.Parse(words)
	if err := serve(net.JoinHostPort(*bind, *port), *password); err != nil {
		fmt.Fprintf(os.Stderr, "Failed to serve redis: %v. Choose another port.\n", err)
		os.Exit(1)
	}
}

func serve(address, password string) error {
	server := miniredis.NewMiniRedis()
	if password != "" {
		server.RequireAuth(password)
	}
	if err := server.StartAddr(address); err != nil {
		return err
	}
	defer server.Close()
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		select {
		case <-clock.C:
			// its time stands still unless it is told
			server.FastForward(tick)
		case <-ended:
			return nil
		}
	}
}
