package relay

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// The host of a URL is compared whole, after parsing; whatever only looks like
// an allowed one is refused, and not repeated.
func TestOnlyAllowedHosts(t *testing.T) {
	t.Parallel()
	e := Egress{Hosts: []string{"hooks.example.org", "other.example.org:8443", "[2001:db8::1]"}}
	for _, allowed := range []string{"https://hooks.example.org", "https://hooks.example.org/a?b=c", "https://hooks.example.org:443/", "https://HOOKS.example.org/",
		"https://other.example.org:8443/x", "https://[2001:db8::1]/"} {
		if _, err := e.Check(allowed); err != nil {
			t.Errorf("%s: %v", allowed, err)
		}
	}
	for _, refused := range []string{
		"", "hooks.example.org", "//hooks.example.org/", "http://hooks.example.org/", "ftp://hooks.example.org/", "https:hooks.example.org", "https://",
		"https://hooks.example.org.evil.example/", "https://hooks.example.orgevil.example/", "https://evil.example/hooks.example.org",
		"https://evil.example/?https://hooks.example.org", "https://evil.example#hooks.example.org", "https://hooks.example.org#evil",
		"https://hooks.example.org@evil.example/", "https://user:password@hooks.example.org/", "https://@hooks.example.org/",
		"https://hooks.example.org:8443/", "https://other.example.org/", "https://hooks.example.org./", "https://hooks.example.org%2eevil.example/",
		"https://hooks.example.org\\@evil.example/", "https://evil.example\\.hooks.example.org/", "https://x.hooks.example.org/", "https://example.org/",
		"https://hooks。example.org/", "https://ｈooks.example.org/", "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://[::1]/", "https:///path", " https://hooks.example.org/",
	} {
		if _, err := e.Check(refused); !errors.Is(err, ErrURL) || len(refused) > 10 && strings.Contains(err.Error(), refused) {
			t.Errorf("%q: got %v, want ErrURL", refused, err)
		}
	}
}

// Addresses that are not public are refused unless their network is allowed.
func TestOnlyPublicAddresses(t *testing.T) {
	t.Parallel()
	var none Egress
	for _, a := range []string{"8.8.8.8", "51.140.0.1", "2a00:1450::1"} {
		if !none.permits(netip.MustParseAddr(a)) {
			t.Errorf("%s is refused", a)
		}
	}
	for _, a := range []string{"127.0.0.1", "127.255.0.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.0.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
		"::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001::1", "2001:db8::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
		"fec0::1", "ff02::1"} {
		if none.permits(netip.MustParseAddr(a)) {
			t.Errorf("%s is let pass", a)
		}
		if none.control("tcp", netip.AddrPortFrom(netip.MustParseAddr(a), 443).String(), nil) == nil {
			t.Errorf("a connection to %s is let pass", a)
		}
	}
	some := Egress{Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	for a, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "127.0.0.1": false} {
		if some.permits(netip.MustParseAddr(a)) != want {
			t.Errorf("%s: want %t", a, want)
		}
	}
}
