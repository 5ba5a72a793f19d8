package access

import (
	"database/sql/driver"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"protocol.chat/console/models/text"
)

// Networks are address ranges. Those of a token limit where it may be used from; an empty
// list allows any address.
type Networks []netip.Prefix

// maxNetworks is how many ranges a list can have.
const maxNetworks = 100

// ParseNetworks reads addresses (203.0.113.7, 2001:db8::1) and ranges (203.0.113.0/24),
// separated by commas or white space. Errors: Invalid about "networks".
func ParseNetworks(text string) (Networks, error) {
	var networks Networks
	var wrong []string
	separator := func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' }
	for word := range strings.FieldsFuncSeq(text, separator) {
		network, ok := parseNetwork(word)
		if !ok {
			wrong = append(wrong, "“"+Clipped(word)+"”")
		} else if !slices.Contains(networks, network) {
			networks = append(networks, network)
		}
	}
	if len(wrong) > 0 {
		return nil, noNetworks(wrong)
	}
	if len(networks) > maxNetworks {
		return nil, Refused("networks", "Enter at most %d addresses. Combine adjacent ones into ranges.", maxNetworks)
	}
	return networks, nil
}

// noNetworks names what is neither an address nor a range, the first few of many.
func noNetworks(words []string) Invalid {
	const most = 5
	n := len(words)
	if n == 1 {
		return Refused("networks", "%s is neither an address like 203.0.113.7 nor a range like 203.0.113.0/24.", words[0])
	}
	last := words[n-1]
	if n > most {
		words, last = words[:most], fmt.Sprintf("%d more", n-most)
	} else {
		words = words[:n-1]
	}
	return Refused("networks", "%s and %s are neither addresses like 203.0.113.7 nor ranges like 203.0.113.0/24.", strings.Join(words, ", "), last)
}

// parseNetwork reads one range; an address is a range of one.
func parseNetwork(word string) (netip.Prefix, bool) {
	if address, ok := ParseAddress(word); ok {
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	network, err := netip.ParsePrefix(word)
	if err != nil || network.Addr().Is4In6() {
		return netip.Prefix{}, false
	}
	return network.Masked(), true
}

// ParseAddress reads an IP address into the form in which addresses are compared: an IPv4
// address within IPv6 becomes IPv4, and a zone ("%eth0") is dropped. It returns false if s
// is no address.
func ParseAddress(s string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(s)
	return address.WithZone("").Unmap(), err == nil
}

// NetworkOf returns the key that attempts from an address are counted under: the address
// itself or, of an IPv6 address, its /64, which usually belongs to one customer. It returns
// anything that is no address unchanged.
func NetworkOf(ip string) string {
	address, ok := ParseAddress(ip)
	switch {
	case !ok:
		return ip
	case address.Is6():
		return netip.PrefixFrom(address, 64).Masked().String()
	}
	return address.String()
}

// Contains reports whether an address is in one of the ranges; false if there are none.
func (n Networks) Contains(address netip.Addr) bool {
	return slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(address) })
}

// Admit reports whether a call from an address is allowed: always if there are no ranges.
func (n Networks) Admit(ip string) bool {
	if len(n) == 0 {
		return true
	}
	address, ok := ParseAddress(ip)
	return ok && n.Contains(address)
}

// Lines returns the ranges as people write them: a range of one is an address.
func (n Networks) Lines() []string {
	lines := make([]string, len(n))
	for i, network := range n {
		lines[i] = network.String()
		if network.IsSingleIP() {
			lines[i] = network.Addr().String()
		}
	}
	return lines
}

// Value returns the stored form: Lines separated by spaces.
func (n Networks) Value() (driver.Value, error) { return strings.Join(n.Lines(), " "), nil }

// Scan reads the stored form. What can't be read is an error: dropping it could admit
// anyone.
func (n *Networks) Scan(value any) error {
	text, err := storedText(value)
	if err != nil {
		return fmt.Errorf("networks: %w", err)
	}
	*n, err = ParseNetworks(text)
	return err
}

// Clipped returns a word for use in a message: at most 40 characters.
func Clipped(word string) string {
	if word = strings.ToValidUTF8(word, "�"); text.Length(word) > 40 {
		return string([]rune(word)[:40]) + "…"
	}
	return word
}
