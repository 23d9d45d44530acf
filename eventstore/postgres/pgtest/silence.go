package pgtest

import (
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
)

// Silenced returns a connection string that leads to a server's database
// postgres through a proxy, and what makes the proxy silent: from then on no byte
// passes in either direction, and nobody is told. The server must have been
// started with TCP.
func (s *Server) Silenced(t testing.TB) (url string, silence func()) {
	t.Helper()
	api := &toxiproxy.ApiServer{Metrics: toxiproxy.NewMetricsContainer(nil)}
	api.Logger = mute(api.Logger)
	proxy := toxiproxy.NewProxy(api, "server", "127.0.0.1:0", s.Address())
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	return strings.Replace(s.URL("postgres"), s.Address(), proxy.Listen, 1), func() {
		for _, stream := range []string{"upstream", "downstream"} {
			toxic := `{"name": "` + stream + `", "type": "timeout", "stream": "` + stream + `", "attributes": {"timeout": 0}}`
			if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
				t.Errorf("pgtest: silence: %v", err)
			}
		}
	}
}

// mute returns a logger of the same type that writes nothing.
func mute[T any](*T) *T { return new(T) }
