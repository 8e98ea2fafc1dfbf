// mihomo-check FILE [URL]: whether mihomo takes a configuration: its own parsers read the proxies and the rules.
// With a URL (http, with a port), what is there goes to stdout, fetched through the first proxy.
// The whole program cannot be built from its module.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/metacubex/mihomo/adapter"
	"github.com/metacubex/mihomo/constant"
	"github.com/metacubex/mihomo/dns"
	"github.com/metacubex/mihomo/log"
	"github.com/metacubex/mihomo/rules"
	"gopkg.in/yaml.v3"
)

type config struct {
	MixedPort   int              `yaml:"mixed-port"`
	AllowLan    bool             `yaml:"allow-lan"`
	IPv6        bool             `yaml:"ipv6"`
	Mode        string           `yaml:"mode"`
	LogLevel    string           `yaml:"log-level"`
	Proxies     []map[string]any `yaml:"proxies"`
	ProxyGroups []struct {
		Name    string   `yaml:"name"`
		Type    string   `yaml:"type"`
		Proxies []string `yaml:"proxies"`
	} `yaml:"proxy-groups"`
	Rules []string `yaml:"rules"`
}

func read(path string) (*config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var c config
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		return nil, err
	}
	if c.MixedPort < 1 || c.MixedPort > 65535 || c.Mode != "rule" || len(c.Proxies) == 0 {
		return nil, errors.New("a port, the mode rule and a proxy are wanted")
	}
	return &c, nil
}

func checkRule(line string, names []string) error {
	parts := strings.Split(line, ",")
	last := len(parts) - 1
	if _, err := rules.ParseRule(parts[0], strings.Join(parts[1:last], ","), parts[last], nil, nil); err != nil {
		return err
	}
	if !slices.Contains(names, parts[last]) {
		return fmt.Errorf("rule %s: no such proxy", line)
	}
	return nil
}

// check gives the first proxy.
func check(c *config) (constant.Proxy, error) {
	var first constant.Proxy
	names := []string{"DIRECT", "REJECT"}
	for _, mapping := range c.Proxies {
		proxy, err := adapter.ParseProxy(mapping)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = proxy
		}
		names = append(names, proxy.Name())
	}
	for _, group := range c.ProxyGroups {
		for _, name := range group.Proxies {
			if !slices.Contains(names, name) {
				return nil, fmt.Errorf("group %s: no proxy %s", group.Name, name)
			}
		}
		names = append(names, group.Name)
	}
	for _, line := range c.Rules {
		if err := checkRule(line, names); err != nil {
			return nil, err
		}
	}
	return first, nil
}

func fetch(proxy constant.Proxy, url string) error {
	dial := func(ctx context.Context, _, address string) (net.Conn, error) {
		to := &constant.Metadata{NetWork: constant.TCP, Type: constant.INNER}
		if err := to.SetRemoteAddress(address); err != nil {
			return nil, err
		}
		return proxy.DialContext(ctx, to)
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: 20 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}

// What the program itself would set: here a server is an address.
func nameServers(servers []string) ([]dns.NameServer, error) {
	var list []dns.NameServer
	for _, server := range servers {
		if _, err := netip.ParseAddr(server); err != nil {
			return nil, err
		}
		list = append(list, dns.NameServer{Addr: net.JoinHostPort(server, "53")})
	}
	return list, nil
}

func main() {
	if len(os.Args) != 2 && len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "mihomo-check FILE [URL]")
		os.Exit(2)
	}
	dns.ParseNameServer = nameServers
	log.SetLevel(log.SILENT) // it would say more on stdout
	c, err := read(os.Args[1])
	var proxy constant.Proxy
	if err == nil {
		proxy, err = check(c)
	}
	if err == nil && len(os.Args) == 3 {
		err = fetch(proxy, os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
