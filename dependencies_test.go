package caseledger_test

import "strings"

// dependency is where a third-party package may be imported; tests may import
// any that has a row.
type dependency struct {
	prefix  string   // of the import path; the longest that fits counts
	folders []string // or single files
}

var dependencies = []dependency{
	{"github.com/EventStore/EventStore-Client-Go/v4", []string{"eventstore/kurrent"}},
	{"github.com/cedar-policy/cedar-go", []string{"domain/lawfulness"}},
	{"github.com/ThreeDotsLabs/watermill", []string{"eventstore/relay"}},
	{"github.com/cloudevents/sdk-go/v2", []string{"eventstore/relay"}},
	{"github.com/danielgtaylor/huma/v2", []string{"api"}},
	{"github.com/go-chi/chi/v5", []string{"api"}},
	{"github.com/go-jose/go-jose/v4", []string{"api", "cmd"}},
	{"github.com/go-json-experiment/json", []string{"api", "cmd", "eventstore/casepack", "eventstore/codec", "eventstore/ledger", "eventstore/relay", "eventstore/vault", "projections"}},
	{"github.com/hashicorp/vault/api", []string{"eventstore/vault/kms"}},
	{"github.com/jackc/pgx/v5", []string{"eventstore/postgres", "projections/sqlstore/pgx.go"}},
	{"github.com/jackc/pgx/v5/stdlib", []string{"cmd"}},
	{"github.com/nats-io/nats.go", []string{"eventstore/relay"}},
	{"github.com/prometheus/client_golang", []string{"api", "cmd"}},
	{"github.com/schollz/progressbar/v3", []string{"cmd"}},
	{"github.com/spf13/cobra", []string{"cmd"}},
	{"github.com/spf13/pflag", []string{"cmd"}},
	{"github.com/standard-webhooks/standard-webhooks/libraries", []string{"eventstore/relay"}},
	{"github.com/transparency-dev/formats", []string{"eventstore/ledger", "cmd/caseledger"}},
	{"github.com/transparency-dev/merkle", []string{"eventstore/ledger/offline"}},
	{"github.com/tink-crypto/tink-go-hcvault/v2", []string{"eventstore/vault/kms"}},
	{"github.com/tink-crypto/tink-go/v2", []string{"eventstore/vault/kms"}},
	{"golang.org/x/mod", []string{"eventstore/ledger", "eventstore/casepack", "cmd/caseledger"}},
	{"google.golang.org/grpc", []string{"eventstore/kurrent"}},
	{"modernc.org/sqlite", []string{"cmd"}},
	// Tests only.
	{"github.com/Shopify/toxiproxy/v2", nil},
	{"github.com/anishathalye/porcupine", nil},
	{"github.com/getkin/kin-openapi", nil},
	{"github.com/google/go-cmp", nil},
	{"github.com/nats-io/nats-server/v2", nil},
	{"go.uber.org/goleak", nil},
	{"go.yaml.in/yaml/v3", nil},
	{"pgregory.net/rapid", nil},
}

// interop is a module of its own: its tests import what its go.mod requires.
const interop = "eventstore/ledger/interop"

func dependencyOf(importPath string) (best dependency, found bool) {
	for _, d := range dependencies {
		if (importPath == d.prefix || strings.HasPrefix(importPath, d.prefix+"/")) && len(d.prefix) > len(best.prefix) {
			best, found = d, true
		}
	}
	return best, found
}
