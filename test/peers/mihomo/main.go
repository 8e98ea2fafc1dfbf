// mihomo-check FILE: whether mihomo takes a configuration: its own parsers read the proxies and the
// rules. The whole program cannot be built from its module.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/metacubex/mihomo/adapter"
	"github.com/metacubex/mihomo/dns"
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

func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var c config
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		return err
	}
	if c.MixedPort < 1 || c.MixedPort > 65535 || c.Mode != "rule" || len(c.Proxies) == 0 {
		return errors.New("a port, the mode rule and a proxy are wanted")
	}
	names := []string{"DIRECT", "REJECT"}
	for _, mapping := range c.Proxies {
		proxy, err := adapter.ParseProxy(mapping)
		if err != nil {
			return err
		}
		names = append(names, proxy.Name())
	}
	for _, group := range c.ProxyGroups {
		for _, name := range group.Proxies {
			if !slices.Contains(names, name) {
				return fmt.Errorf("group %s: no proxy %s", group.Name, name)
			}
		}
		names = append(names, group.Name)
	}
	for _, line := range c.Rules {
		parts := strings.Split(line, ",")
		target := parts[len(parts)-1]
		if _, err := rules.ParseRule(parts[0], strings.Join(parts[1:len(parts)-1], ","), target, nil, nil); err != nil {
			return err
		}
		if !slices.Contains(names, target) {
			return fmt.Errorf("rule %s: no proxy", line)
		}
	}
	return nil
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
	dns.ParseNameServer = nameServers
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "mihomo-check FILE")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
