package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"protocol.chat/console/models/access"
)

// roles prints the permissions of each role, from the table that the console enforces.
func roles(_ context.Context, c *command) error {
	if _, err := c.parse(); err != nil {
		return err
	}
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, role := range access.Roles {
		fmt.Fprint(table, strings.ToUpper(string(role)), "\t")
	}
	fmt.Fprintln(table, "PERMISSION")
	for _, rule := range access.Rules {
		for _, role := range access.Roles {
			mark := ""
			if slices.Contains(rule.Roles, role) {
				mark = "yes"
			}
			fmt.Fprint(table, mark, "\t")
		}
		fmt.Fprintln(table, rule.Description)
	}
	return table.Flush()
}
