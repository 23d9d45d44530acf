package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger/witness"
)

// witnessed reads the ledgers that a witness knows: one verifier key a line, of
// which several may be of one ledger; lines that begin with # are not read.
func witnessedLogs(file []byte) ([]witness.Log, error) {
	var logs []witness.Log
	at := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(file))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		v, err := note.NewVerifier(line)
		if err != nil {
			return nil, usage("--logs: line %d is not the verifier key of a ledger", n)
		}
		i, known := at[v.Name()]
		if !known {
			i, at[v.Name()] = len(logs), len(logs)
			logs = append(logs, witness.Log{Origin: v.Name()})
		}
		logs[i].Keys = append(logs[i].Keys, v)
	}
	if err := lines.Err(); err != nil {
		return nil, usage("--logs: %w", err)
	}
	if len(logs) == 0 {
		return nil, usage("--logs names no ledger")
	}
	return logs, nil
}

// newWitness makes the witness that the settings describe.
func (p *program) newWitness(log *slog.Logger) (*witness.Server, *witness.Signer, *witness.Store, error) {
	for _, name := range []string{"logs", "key"} {
		if p.config.text(name) == "" {
			return nil, nil, nil, usage("--%s is required", name)
		}
	}
	file, err := os.ReadFile(p.config.text("logs"))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read the ledgers: %w", err)
	}
	logs, err := witnessedLogs(file)
	if err != nil {
		return nil, nil, nil, err
	}
	secret, err := readSecretFile(p.config.text("key"))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read the key of the witness: %w", err)
	}
	signer, err := witness.NewSigner(strings.TrimSpace(string(secret)))
	if err != nil {
		return nil, nil, nil, usage("--key: %w", err)
	}
	store, err := witness.OpenStore(dataDir(p.config.text("data")).witnessFolder())
	if err != nil {
		return nil, nil, nil, err
	}
	server, err := witness.NewServer(witness.ServerSettings{Signer: signer, Logs: logs, Store: store, Now: p.now, Log: log})
	if err != nil {
		return nil, nil, nil, errors.Join(err, store.Close())
	}
	return server, signer, store, nil
}

func (p *program) witnessServe(ctx context.Context) (err error) {
	log := slog.New(slog.NewJSONHandler(p.errs, nil))
	server, signer, store, err := p.newWitness(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	p.announce()
	listener, err := listen(ctx, p.config.text("addr"))
	if err != nil {
		return err
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(witnessFigures{server})
	mux := http.NewServeMux()
	mux.Handle("/", server)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 8 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	if err := p.printWitness(listener.Addr().String(), signer); err != nil {
		return errors.Join(err, web.Close())
	}
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	finishing, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	return web.Shutdown(finishing)
}

func (p *program) printWitness(address string, signer *witness.Signer) error {
	if p.json() {
		return p.object(p.out, map[string]any{"address": address, "key": signer.VerifierKey()})
	}
	return p.printf("witness %s on http://%s\n", signer.VerifierKey(), address)
}

// witnessFigures tells what a witness has done.
type witnessFigures struct{ *witness.Server }

var (
	answersFigure = prometheus.NewDesc("caseledger_witness_requests_total", "Requests to the witness, by how they ended.", []string{"outcome"}, nil)
	forksFigure   = prometheus.NewDesc("caseledger_witness_forks_total", "Requests that proved that a ledger signed two histories.", nil, nil)
	treeFigure    = prometheus.NewDesc("caseledger_witness_entries", "Entries of the last tree that the witness cosigned.", []string{"origin"}, nil)
)

// Describe implements prometheus.Collector.
func (w witnessFigures) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{answersFigure, forksFigure, treeFigure} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (w witnessFigures) Collect(to chan<- prometheus.Metric) {
	f := w.Figures()
	for _, o := range witness.Outcomes {
		to <- prometheus.MustNewConstMetric(answersFigure, prometheus.CounterValue, float64(f.Outcomes[o]), string(o))
	}
	to <- prometheus.MustNewConstMetric(forksFigure, prometheus.CounterValue, float64(f.Forks))
	for origin, size := range f.Sizes {
		to <- prometheus.MustNewConstMetric(treeFigure, prometheus.GaugeValue, float64(size), origin)
	}
}
